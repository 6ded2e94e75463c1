import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 10;
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

function titlesTarget(name: string, options: string): string {
  return `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ sku: z.string(), title: z.string() }),
  key: ['sku'],
  ready: 'article.product',
  fields: { rows: 'article.product', fields: { sku: '@data-sku', title: '.title' } },
  ${options}
});
`;
}

const truth = () =>
  Array.from({ length: PRODUCTS }, (_, number) => {
    const { sku, title } = shop.catalogue.productAt(number);
    return { sku, title: title.replace(/\s+/g, ' ').trim() };
  }).sort((a, b) => (a.sku < b.sku ? -1 : 1));

test('with keepFragment pages that differ in the fragment alone are pages of their own', async () => {
  const target = await lab.target(
    'hash-routes',
    titlesTarget(
      'hash-routes',
      `discover: sitemap('${shop.url}/special/sitemap-hash.xml'), url: { keepFragment: true },`,
    ),
  );
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-01' });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS });
  expect(await lab.query('hash-routes', '2026-03-01', 'select sku, title from FILES order by sku')).toEqual(
    truth(),
  );
  const [{ pages } = {}] = await lab.query(
    'hash-routes',
    '2026-03-01',
    "select count(distinct _page_url)::int as pages from FILES where _page_url like '%/app#/p/%'",
  );
  expect(pages).toBe(PRODUCTS);
});

test('spellings of one page are rendered once; dropParams says what else is a spelling', async () => {
  shop.clearLog();
  const target = await lab.target(
    'spellings',
    titlesTarget(
      'spellings',
      `discover: sitemap('${shop.url}/special/sitemap-twice.xml'), url: { dropParams: ['a', 'b*'] },`,
    ),
  );
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-01' });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS });
  expect(report.rows).toMatchObject({ read: PRODUCTS, duplicates: 0 });
  expect(await lab.query('spellings', '2026-03-01', 'select sku, title from FILES order by sku')).toEqual(
    truth(),
  );
  expect(shop.log().renderedTimes).toEqual({ 1: PRODUCTS });
});
