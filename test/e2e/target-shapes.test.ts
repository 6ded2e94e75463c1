import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 12;
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

test('an async generator discovers; extract gives nothing, one row, an array or a stream of rows', async () => {
  const target = await lab.target(
    'shapes',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

const shapes = ['nothing', 'one', 'array', 'stream', 'promised stream', 'empty'];

export default defineTarget({
  name: 'shapes',
  schema: z.object({ shape: z.string(), row: z.number().int(), sku: z.string(), attempt: z.number().int() }),
  key: ['shape', 'row'],
  async *discover() {
    const answer = await fetch('${shop.url}/api/items/infinite?items=6');
    const { items } = await answer.json();
    for (const [at, { slug }] of items.entries()) {
      yield { url: '${shop.url}/p/' + slug, label: shapes[at], data: { shape: shapes[at], rows: at } };
    }
  },
  ready: async (page) => (await page.locator('[data-sku]').count()) > 0,
  extract: {
    nothing: () => undefined,
    async one({ page, request }) {
      return read(page, request, 0);
    },
    async array({ page, request }) {
      return [await read(page, request, 0), await read(page, request, 1)];
    },
    async *stream({ page, request }) {
      for (let row = 0; row < 3; row++) yield read(page, request, row);
    },
    'promised stream': async ({ page, request, signal }) => {
      async function* rows() {
        for (let row = 0; row < 4; row++) {
          signal.throwIfAborted();
          yield read(page, request, row);
        }
      }
      return rows();
    },
    empty: async () => [],
  },
});

async function read(page, { data, attempt }, row) {
  return { shape: data.shape, row, sku: await page.locator('article[data-sku]').getAttribute('data-sku'), attempt };
}
`,
  );
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-01' });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ frontier: 6, completed: 6 });
  const rows = (shape: string, number: number, count: number) =>
    Array.from({ length: count }, (_, row) => ({
      shape,
      row,
      sku: shop.catalogue.productAt(number).sku,
      attempt: 1,
    }));
  expect(
    await lab.query(
      'shapes',
      '2026-03-01',
      'select shape, "row"::int as "row", sku, attempt::int as attempt from FILES order by shape, "row"',
    ),
  ).toEqual([
    ...rows('array', 2, 2),
    ...rows('one', 1, 1),
    ...rows('promised stream', 4, 4),
    ...rows('stream', 3, 3),
  ]);
});

test('--limit renders so many pages, skips the rest, and the books say so', async () => {
  shop.clearLog();
  const target = await lab.target(
    'limited',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'limited',
  schema: z.object({ sku: z.string() }),
  key: ['sku'],
  discover: [{ url: '${shop.url}/c/kitchen', label: 'list' }, { url: '${shop.url}${shop.catalogue.pathOf(3)}', label: 'detail' }],
  ready: { list: '.card', detail: '[data-sku]' },
  fields: {
    list: { fields: {}, follow: [{ select: 'nav a', label: 'list' }] },
    detail: { rows: 'article.product', fields: { sku: '@data-sku' } },
  },
});
`,
  );
  const { code, report, stderr } = await runBatch(lab, target, {
    date: '2026-03-01',
    args: ['--limit', '4'],
  });
  expect(code, stderr).toBe(0);
  // The eight departments and the shop's own pages are all in the frontier; four pages were asked for.
  const { frontier, completed, skipped } = report.pages;
  expect(completed).toBe(4);
  expect(frontier).toBeGreaterThan(8);
  expect(skipped).toBe(frontier - 4);
  expect(shop.log().pagesRendered).toBe(4);
  expect(shop.log().renderedTimes).toEqual({ 1: 4 });
  expect(report.rows.delivered).toBe(1);
});
