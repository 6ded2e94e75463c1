import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  // Data that comes late is what such lists are hard for: rows stand there and do not say yet which they are.
  shop = await startShop({ products: 10, latencyMs: 250, jitter: 0.5, appliesTo: ['api'] });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

const lists = [
  { list: 'window', path: '/virtual?items=70', rows: '.virtual-row', items: 70 },
  { list: 'box', path: '/virtual?items=50&in=box', rows: '.virtual-row', items: 50 },
  { list: 'short', path: '/virtual?items=3', rows: '.virtual-row', items: 3 },
  { list: 'infinite', path: '/infinite?items=50', rows: '.card', items: 50 },
];

test('collect reads virtualised and infinite lists, each item once', async () => {
  const target = await lab.target(
    'long-lists',
    `
import { collect, defineTarget } from 'thresh';
import { z } from 'zod';

const lists = ${JSON.stringify(lists)};

export default defineTarget({
  name: 'long-lists',
  schema: z.object({ list: z.string(), slug: z.string(), place: z.number().int(), title: z.string() }),
  key: ['list', 'slug'],
  discover: lists.map(({ path, ...data }) => ({ url: '${shop.url}' + path, label: 'list', data })),
  ready: { list: '[data-slug]' },
  async extract({ page, request, signal }) {
    const { list, rows } = request.data as { list: string; rows: string };
    const items = await collect(page, {
      rows,
      key: '@data-slug',
      read: { slug: '@data-slug', title: '.title' },
      signal,
    });
    return items.map((item, place) => ({ ...item, list, place }));
  },
});
`,
  );
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-01' });
  expect(code, stderr).toBe(0);
  expect(report.rows.duplicates).toBe(0);
  const delivered = await lab.query(
    'long-lists',
    '2026-03-01',
    'select list, slug, title from FILES order by list, place',
  );
  const expected = lists
    .toSorted((a, b) => (a.list < b.list ? -1 : 1))
    .flatMap(({ list, items }) =>
      Array.from({ length: items }, (_, number) => {
        const { slug, title } = shop.catalogue.productAt(number);
        return { list, slug, title: title.replace(/\s+/g, ' ').trim() };
      }),
    );
  expect(delivered).toEqual(expected);
});
