/** One process's soft lane over the demo shop's pages, one after the other, in one warm page. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createSoftBook } from '../../../src/batch/soft-book.js';
import { createProofs } from '../../../src/page/proofs.js';
import { leaseSpecOf } from '../../../src/page/render.js';
import { createSessions } from '../../../src/page/sessions.js';
import { createSoftLane, SAMPLES } from '../../../src/page/soft-lane.js';
import { resolveTarget } from '../../../src/target/defaults.js';
import type { TargetDefinition } from '../../../src/target/definition.js';
import type { LoadedTarget } from '../../../src/target/load.js';
import { startShop } from '../../shop/server.mjs';
import type { Manner } from '../../shop/settings.mjs';
import { openPool, type PoolLab } from '../browser-pool/pool-lab.js';

let dir: string;
let lab: PoolLab;
let shop: Awaited<ReturnType<typeof startShop>>;
let runs = 0;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-soft-'));
  lab = await openPool({ maxPages: 1 });
  shop = await startShop({ products: 1_200 });
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
  await rm(dir, { recursive: true, force: true });
});

const definition = resolveTarget(
  {
    name: 'soft',
    schema: z.object({ slug: z.string(), stock: z.string() }),
    key: ['slug'],
    discover: [],
    navigate: 'soft',
    ready: { list: '.list', detail: '[data-sku]' },
    gone: '[data-testid="not-found"]',
    timeoutMs: 20_000,
    fields: {
      list: { fields: {}, follow: [{ select: '.card a', label: 'detail' }] },
      detail: { rows: 'article.product', fields: { slug: '@data-slug', stock: '.stock@data-stock' } },
    },
  } as unknown as TargetDefinition,
  '/targets/soft.ts',
);
const target = { definition, hash: '0123456789', locate: () => undefined } as unknown as LoadedTarget;
const log = { debug() {}, info() {}, warn() {}, error() {} };

interface Step {
  path: string;
  label: string;
}

const product = (number: number): Step => ({ path: shop.catalogue.pathOf(number), label: 'detail' });

/** By which way each page came, whether its rows are the truth, and what the book says in the end. */
async function walk(
  steps: readonly Step[],
  settings: { manner?: Manner; restless?: boolean; latencyMs?: number } = {},
) {
  await shop.control({ manner: null, restless: false, latencyMs: 0, appliesTo: ['api'], ...settings });
  shop.clearLog();
  const batch = `soft-20260301-${runs++}`;
  const book = createSoftBook({ file: path.join(dir, batch), patiently: (work) => work() });
  const proofs = createProofs({ batch, book });
  const lane = createSoftLane({ batch, key: ['slug'], book, proofs, who: batch });
  const sessions = createSessions({
    target: definition,
    pool: lab.pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies: undefined,
  });
  const deps = { target, encode: (row: Record<string, unknown>) => row, pool: lab.pool, sessions };
  const ways: string[] = [];
  const rows: unknown[] = [];
  for (const [page, step] of steps.entries()) {
    const request = { url: shop.url + step.path, label: step.label, data: undefined, attempt: 1 };
    const outcome = await lane.render(
      { page, request, log, signal: new AbortController().signal, keepFailure: () => undefined },
      deps,
    );
    if (!outcome.ok) throw outcome.error;
    const { rendered, soft } = outcome;
    ways.push(soft === undefined ? 'load' : 'soft');
    if (rendered.outcome === 'gone') rows.push('gone');
    else if (step.label === 'list') rows.push(rendered.followed.length);
    else rows.push(...rendered.rows.map(({ row }) => row));
  }
  const documents = shop.accessLog().filter(({ kind }) => kind === 'document').length;
  return { ways, rows, documents, book: await book.look() };
}

const truth = (numbers: readonly number[]) =>
  numbers.map((number) => {
    const { slug, stock } = shop.catalogue.productAt(number);
    return { slug, stock: String(stock) };
  });
const many = (count: number, step = 1) => Array.from({ length: count }, (_, at) => at * step);

test('after the first samples pages come within the application; one of each 50 is loaded to compare', async () => {
  const numbers = many(10);
  const { ways, rows, documents, book } = await walk(numbers.map(product));
  expect(rows).toEqual(truth(numbers));
  expect(ways.slice(0, SAMPLES + 1)).toEqual(Array(SAMPLES + 1).fill('load'));
  const loaded = ways.filter((way) => way === 'load').length;
  expect(loaded).toBeLessThan(SAMPLES + 5);
  expect(documents).toBe(loaded);
  expect(book).toMatchObject({ samples: loaded - 1, off: undefined });
});

test.each<[string, { manner?: Manner; latencyMs?: number }]>([
  ['shows the last page until the next one has come', { manner: { keepsOld: true }, latencyMs: 100 }],
  ['reacts after longer than one waits for it', { manner: { keepsOld: true }, latencyMs: 450 }],
  ['leaves listeners and data behind', { manner: { leaks: true } }],
])('an application that %s is led on all the same', async (_, settings) => {
  const numbers = many(8);
  const { ways, rows, book } = await walk(numbers.map(product), settings);
  expect(rows).toEqual(truth(numbers));
  expect(ways.filter((way) => way === 'soft').length).toBeGreaterThan(1);
  expect(book.off).toBeUndefined();
});

test('one that does not listen to popstate is led on by its links', async () => {
  const numbers = many(8, 97); // each stands among the recommendations of the one before
  const { ways, rows, book } = await walk(numbers.map(product), { manner: { isDeaf: true } });
  expect(rows).toEqual(truth(numbers));
  expect(ways).toContain('soft');
  expect(book.off).toBeUndefined();
});

test('one that reacts to nothing is loaded, and after a while not asked any more', async () => {
  const numbers = many(7, 97);
  const { ways, rows, book } = await walk(numbers.map(product), { manner: { isDeaf: true, isStuck: true } });
  expect(rows).toEqual(truth(numbers));
  expect(new Set(ways)).toEqual(new Set(['load']));
  expect(book).toMatchObject({ samples: 0, off: { doubt: false } });
  expect(book.off?.reason).toMatch(/^not worth it: .*does not react/);
});

test('one that gives other rows than when it is loaded is not believed any more', async () => {
  const numbers = many(3);
  const { ways, rows, book } = await walk(numbers.map(product), { manner: { liesFrom: 1 } });
  expect(rows).toEqual(truth(numbers));
  expect(new Set(ways)).toEqual(new Set(['load']));
  expect(book).toMatchObject({ samples: 0, off: { doubt: true } });
  expect(book.off?.reason).toMatch(/other rows than when it is loaded: row 1: stock "\d+" against "\d+"/);
});

test('a target whose rows change by themselves is told apart', async () => {
  const { ways, book } = await walk(many(3).map(product), { restless: true });
  expect(new Set(ways)).toEqual(new Set(['load']));
  expect(book.off?.doubt).toBe(true);
  expect(book.off?.reason).toMatch(/differ between two loads/);
});

test('what is no plain page is loaded: gone, the same once more, one that follows links', async () => {
  const list = { path: '/c/toys', label: 'list' };
  const steps = [
    ...many(8).map(product),
    { path: '/p/no-such', label: 'detail' },
    product(8),
    product(8),
    list,
    product(9),
  ];
  const { ways, rows, book } = await walk(steps);
  expect(rows).toEqual([...truth(many(8)), 'gone', ...truth([8, 8]), 24, ...truth([9])]);
  expect([ways[8], ways[10], ways[11]]).toEqual(['load', 'load', 'load']);
  expect(book.off).toBeUndefined();
});
