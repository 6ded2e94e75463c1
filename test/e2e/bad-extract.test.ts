import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: 10 });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

/** The page's number is its line in `discover`. */
const CODE = (url: string) => `
import { defineTarget } from 'thresh';
import { z } from 'zod';

const labels = ['throws', 'selector', 'text', 'hangs', 'breaks-off', 'deaf', 'refused', 'odd', 'fine'];

export default defineTarget({
  name: 'bad-extract',
  schema: z.object({ sku: z.string(), price: z.number().positive(), at: z.date().optional() }),
  key: ['sku'],
  discover: labels.map((label) => ({ url: '${url}#' + label, label })),
  url: { keepFragment: true },
  ready: '[data-sku]',
  retries: 0,
  timeoutMs: 8_000,
  gate: { minCompleted: 0.3, maxQuarantined: 0.9 },
  extract: {
    throws() {
      throw new TypeError('boom\\nand a second line');
    },
    selector: ({ page }) => page.locator('[[').textContent(),
    text: () => 'no row',
    hangs: () => new Promise(() => undefined),
    async *'breaks-off'() {
      yield { sku: 'LOST', price: 1 };
      throw new Error('half way');
    },
    deaf: ({ page }) => page.waitForSelector('.never', { timeout: 0 }),
    refused: () => [{ sku: 'A', price: 1 }, { sku: 'B', price: -1 }, { sku: 3, price: 'x' }, null, 'text'],
    odd: () => [{ sku: 'C', price: 2, at: new Date(Number.NaN) }, { sku: 'D', price: 2, unknown: () => 1 }],
    fine: () => ({ sku: 'E', price: 3 }),
  },
});
`;

test('an extract that fails costs its page alone, and says where and why', async () => {
  const code = CODE(shop.url + shop.catalogue.pathOf(0));
  const target = await lab.target('bad-extract', code);
  const ran = await runBatch(lab, target, { date: '2026-03-01', args: ['--concurrency', '4'] });
  expect(ran.code, ran.stderr).toBe(0);
  expect(ran.report.pages).toMatchObject({ frontier: 9, completed: 3, dead: 6 });
  expect(await lab.query('bad-extract', '2026-03-01', 'select sku, price from FILES order by sku')).toEqual([
    { sku: 'A', price: 1 },
    { sku: 'D', price: 2 },
    { sku: 'E', price: 3 },
  ]);

  const letters = await lab.lines('bad-extract', ran.report.batch, 'dead-letters.ndjson');
  const reasons = Object.fromEntries(
    letters.map(({ label, failure }) => {
      const { code: why, message } = failure as Record<string, string>;
      return [label, `${why}: ${message}`];
    }),
  );
  const line = (text: string) => code.split('\n').findIndex((one) => one.includes(text)) + 1;
  expect(reasons.throws).toMatch(/^EXTRACT_FAILED: extract threw at \S+bad-extract\.ts:\d+:\d+: boom$/);
  expect(reasons.throws).toContain(`${target}:${line("new TypeError('boom")}:`);
  expect(reasons.selector).toContain(`${target}:${line("locator('[[')")}:`);
  expect(reasons['breaks-off']).toContain(`${target}:${line("new Error('half way')")}:`);
  expect(reasons['breaks-off']).toMatch(/half way$/);
  expect(reasons.text).toBe('EXTRACT_INVALID: extract returned a string');
  for (const label of ['hangs', 'deaf'])
    expect(reasons[label]).toMatch(/^PAGE_TIMEOUT: \S+ was not done in 8000 ms$/);

  const refused = await lab.lines('bad-extract', ran.report.batch, 'quarantine.ndjson');
  refused.sort((a, b) => Number(a.index) - Number(b.index)); // of two pages, in the order of their ends
  const issues = refused.map(({ index, row, issues: found }) => ({
    index,
    row,
    paths: (found as { path: string }[]).map(({ path }) => path),
  }));
  expect(issues).toEqual([
    { index: 0, row: { sku: 'C', price: 2, at: null }, paths: ['at'] },
    { index: 1, row: { sku: 'B', price: -1 }, paths: ['price'] },
    { index: 2, row: { sku: 3, price: 'x' }, paths: ['sku', 'price'] },
    { index: 3, row: null, paths: [''] },
    { index: 4, row: 'text', paths: [''] },
  ]);
  for (const record of refused)
    expect(record.url).toBe(
      `${shop.url}${shop.catalogue.pathOf(0)}#${record.index === 0 ? 'odd' : 'refused'}`,
    );
});
