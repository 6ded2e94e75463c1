/** `block: 'auto'` over small pages that ask two other hosts: one counts visitors, the other has the price. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createBlockFile, readLeftHosts } from '../../../src/batch/block-file.js';
import { createSoftBook } from '../../../src/batch/soft-book.js';
import type { PageEvent } from '../../../src/page/events.js';
import { createLeanLane } from '../../../src/page/lean-lane.js';
import { createProofs } from '../../../src/page/proofs.js';
import { leaseSpecOf } from '../../../src/page/render.js';
import { createSessions } from '../../../src/page/sessions.js';
import { resolveTarget } from '../../../src/target/defaults.js';
import type { TargetDefinition } from '../../../src/target/definition.js';
import type { LoadedTarget } from '../../../src/target/load.js';
import { PLAIN, type PricedSite, startPricedSite } from '../../support/priced-site.js';
import { openPool, type PoolLab } from '../browser-pool/pool-lab.js';

let dir: string;
let lab: PoolLab;
let site: PricedSite;
let runs = 0;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-lean-'));
  lab = await openPool({ maxPages: 1 });
  site = await startPricedSite(0);
});

beforeEach(() => {
  Object.assign(site.settings, PLAIN);
});

afterAll(async () => {
  await lab?.close();
  await site?.stop();
  await rm(dir, { recursive: true, force: true });
});

const definition = resolveTarget(
  {
    name: 'lean',
    schema: z.object({ id: z.string(), price: z.string(), words: z.string() }),
    key: ['id'],
    discover: [],
    block: 'auto',
    ready: 'article',
    blocked: '.refused',
    timeoutMs: 20_000,
    fields: {
      rows: 'article',
      fields: { id: '@data-id', price: '@data-price', words: 'span' },
      follow: [{ select: 'a', label: 'other' }],
    },
  } as unknown as TargetDefinition,
  '/targets/lean.ts',
);
const target = { definition, hash: '0123456789', locate: () => undefined } as unknown as LoadedTarget;
const log = { debug() {}, info() {}, warn() {}, error() {} };

/** One night: how each page came, its price, what the counter was asked, what the book says in the end. */
async function night(
  pages: number,
  { home = path.join(dir, `home-${runs}`), attempt = 1, batch = `lean-20260301-${runs}` } = {},
) {
  site.counter.asked.length = 0;
  site.asked.length = 0;
  runs += 1;
  const book = createSoftBook({ file: path.join(dir, batch), patiently: (work) => work() });
  const proofs = createProofs({ batch, book });
  const events: PageEvent[] = [];
  const lane = createLeanLane({
    batch,
    book,
    proofs,
    who: batch,
    memory: createBlockFile(home, { target: 'lean', hash: target.hash, batch }),
    softly: undefined,
    onEvent: (event) => events.push(event),
  });
  const sessions = createSessions({
    target: definition,
    pool: lab.pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies: undefined,
  });
  const deps = { target, encode: (row: Record<string, unknown>) => row, pool: lab.pool, sessions };
  const ways: string[] = [];
  const read: string[] = [];
  for (let page = 0; page < pages; page++) {
    const request = { url: `${site.url}/p/${page}`, label: undefined, data: undefined, attempt };
    const outcome = await lane.render(
      { page, request, log, signal: new AbortController().signal, keepFailure: () => undefined },
      deps,
    );
    if (!outcome.ok) throw outcome.error;
    const { rendered, soft } = outcome;
    ways.push(soft === undefined ? 'whole' : 'lean');
    if (rendered.outcome === 'completed') read.push(...rendered.rows.map(({ row }) => String(row.price)));
  }
  return {
    ways,
    read,
    events,
    home,
    book: await book.look(),
    hosts: await readLeftHosts(home, 'lean', target.hash),
  };
}

/** A batch whose first samples, from page 8 on, are these. */
function batchSampling(first: number, pages: number): string {
  const book = createSoftBook({ file: path.join(dir, 'none'), patiently: (work) => work() });
  for (let at = 0; ; at++) {
    const { isSample } = createProofs({ batch: `drawn-${at}`, book });
    const drawn = Array.from({ length: pages }, (_, page) => page).filter(
      (page) => page >= 8 && isSample(page, 0),
    );
    if (drawn[0] === first) return `drawn-${at}`;
  }
}

const priced = (pages: number, cents = '00') =>
  Array.from({ length: pages }, (_, page) => `${page}.${cents}`);

test('the host that rows need is found needed, the other is not asked any more, and the rows are the same', async () => {
  const { ways, read, events, hosts, book } = await night(20);
  expect(read).toEqual(priced(20));
  expect(hosts).toEqual([site.counter.host]);
  expect(events).toMatchObject([
    { kind: 'batch.block-learned', hosts: [site.counter.host], needed: [site.prices.host] },
  ]);
  const first = ways.indexOf('lean');
  expect(first).toBeGreaterThan(5);
  expect(first).toBeLessThan(12);
  expect(ways.slice(first).filter((way) => way === 'lean').length).toBeGreaterThan(6);
  // Once for each page that was loaded whole, sooner or later.
  expect(site.counter.asked.length).toBeLessThan(20 + 1 - ways.filter((way) => way === 'lean').length + 8);
  expect(book.off).toBeUndefined();
});

test('the next night begins with what was found; another target file does not', async () => {
  const { home } = await night(12);
  const second = await night(8, { home });
  expect(second.ways.indexOf('lean')).toBe(3);
  expect(second.read).toEqual(priced(8));
  expect(await readLeftHosts(home, 'lean', 'another hash')).toEqual([]);
});

test('a host that rows come to need is found out by a sample: it is over for the batch, and forgotten', async () => {
  site.settings.countsPriceFrom = 12;
  const { ways, read, book, hosts } = await night(18, { batch: batchSampling(15, 18) });
  expect(book.off?.doubt).toBe(true);
  expect(book.off?.reason).toMatch(
    /gives other rows than when it is loaded whole: row 1: price "\d+\.00" against "\d+\.50"/,
  );
  // What is wrong bears the mark of a page that nobody has compared since.
  const wrong = read.flatMap((price, page) => (price === `${page}.${page < 12 ? '00' : '50'}` ? [] : [page]));
  expect(wrong).toEqual([12, 13, 14]);
  expect(wrong.map((page) => ways[page])).toEqual(Array(3).fill('lean'));
  expect([...book.proven]).toEqual([]);
  expect(ways.slice(15)).toEqual(Array(3).fill('whole'));
  expect(hosts).toEqual([]);
});

test('rows that differ by themselves prove nothing: everything is loaded', async () => {
  site.settings.restless = true;
  const { ways, book, hosts } = await night(12);
  expect(ways).toEqual(Array(12).fill('whole'));
  expect(book.off).toMatchObject({ doubt: false, reason: expect.stringMatching(/differ between two loads/) });
  expect(hosts).toEqual([]);
});

test('a target that refuses pages which do not ask a host gets them whole', async () => {
  site.settings.guarded = true;
  const { ways, read, book } = await night(10);
  expect(ways).toEqual(Array(10).fill('whole'));
  expect(read).toEqual(priced(10));
  expect(book.off?.reason).toMatch(/was refused when .* was not asked/);
});

test('pages that follow links, and pages that are tried again, are loaded whole, once each', async () => {
  site.settings.leads = true;
  const leading = await night(10);
  expect(leading.ways).toEqual(Array(10).fill('whole'));
  expect(site.asked.filter((url) => url.startsWith('/p/')).length).toBe(10);
  site.settings.leads = false;
  const again = await night(10, { attempt: 2 });
  expect(again.ways).toEqual(Array(10).fill('whole'));
  expect(site.asked.filter((url) => url.startsWith('/p/')).length).toBe(10);
});
