import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 12;
const TIMEOUT_MS = 6_000;
/** What a page may take beyond its time: a last screenshot of a page that does not answer, and its end. */
const GRACE_MS = 9_000;
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

/** Pages that show their row and then misbehave: read all the same. */
const readable = ['dialogs', 'beforeunload', 'popups', 'auto-download', 'console', 'reload'];

/** Shows its row and locks up 100 ms later: read, or given up on a machine that is busier than that. */
const racing = 'loop-late';

/** Pages that cannot be read, and the one reason that is given. */
const unreadable: Record<string, RegExp> = {
  'never-ready': /^NOT_READY: \S+\/hostile\/never-ready did not get ready \(\[data-sku\]\) in time$/,
  loop: /^NOT_READY: \S+\/hostile\/loop did not get ready \(\[data-sku\]\) in time$/,
  'redirect-loop': /^NAVIGATION_FAILED: \S+\/hostile\/redirect-loop: redirects in a circle/,
  download: /^NAVIGATION_FAILED: \S+\/hostile\/download is a download, not a page$/,
  'slow-head': /^PAGE_TIMEOUT: \S+\/hostile\/slow-head: did not answer in time$/,
  'slow-body': /^NOT_READY: \S+\/hostile\/slow-body did not get ready/,
  'cut-off': /^NOT_READY: \S+\/hostile\/cut-off did not get ready/,
};

test('each hostile page ends as one row or one dead letter with its reason, and no other page suffers', async () => {
  const hostile = [...readable, racing, ...Object.keys(unreadable)].map((name) => `/hostile/${name}`);
  const products = Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.pathOf(number));
  // Hostile and well-behaved pages in turn, so that they are in one browser at the same time.
  const paths = hostile.flatMap((path, at) => (products[at] === undefined ? [path] : [path, products[at]]));
  const target = await lab.target(
    'hostile',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'hostile',
  schema: z.object({ sku: z.string(), title: z.string() }),
  key: ['sku'],
  discover: ${JSON.stringify(paths.map((one) => shop.url + one))},
  ready: '[data-sku]',
  fields: { rows: 'article[data-sku]', fields: { sku: '@data-sku', title: '.title' } },
  timeoutMs: ${TIMEOUT_MS},
  retries: 1,
  gate: { minCompleted: 0.6 },
});
`,
  );
  const startedAt = Date.now();
  const { code, report, stderr } = await runBatch(lab, target, {
    date: '2026-03-01',
    args: ['--concurrency', '4'],
  });
  expect(code, stderr).toBe(0);
  const letters = await lab.lines('hostile', report.batch, 'dead-letters.ndjson');
  const reasons = Object.fromEntries(
    letters.map(({ url, failure }) => {
      const { code: why, message } = failure as Record<string, string>;
      return [new URL(String(url)).pathname.slice('/hostile/'.length), `${why}: ${message}`];
    }),
  );
  const delivered = await lab.query('hostile', '2026-03-01', 'select sku from FILES order by sku');
  const isRaceWon = delivered.some(({ sku }) => sku === `HOSTILE-${racing}`);
  const read = isRaceWon ? [...readable, racing] : readable;
  const names = isRaceWon ? Object.keys(unreadable) : [...Object.keys(unreadable), racing];
  // First, so that a page which ought to have been read tells why it was not.
  expect(Object.keys(reasons).sort(), JSON.stringify(reasons)).toEqual(names.toSorted());
  expect(report.pages).toMatchObject({ completed: PRODUCTS + read.length, dead: names.length });
  expect(report.rows).toMatchObject({ delivered: PRODUCTS + read.length, duplicates: 0 });
  expect(delivered.map(({ sku }) => sku)).toEqual(
    [
      ...read.map((name) => `HOSTILE-${name}`),
      ...Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.productAt(number).sku),
    ].sort(),
  );
  for (const name of names) expect(reasons[name]).toMatch(unreadable[name] ?? /^(?:NOT_READY|PAGE_TIMEOUT)/);
  for (const { url, ms } of shop.accessLog().filter((entry) => entry.kind === 'hostile'))
    expect(ms, url).toBeLessThan(TIMEOUT_MS + GRACE_MS);
  // Fourteen bad pages, tried twice, four at a time: had one of them no bound, this would not hold.
  expect(Date.now() - startedAt).toBeLessThan(14 * 2 * ((TIMEOUT_MS + GRACE_MS) / 4));
});
