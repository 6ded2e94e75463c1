import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 24;
/** Five of them are samples before the application lies. */
const OF_LIAR = 12;
const date = '2026-03-01';
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

/** What the lies are about is read along. */
function softTarget(name: string): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string(), sku: z.string(), title: z.string(), stock: z.string() }),
  key: ['slug'],
  navigate: 'soft',
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  fields: {
    rows: 'article.product',
    fields: { slug: '@data-slug', sku: '@data-sku', title: '.title', stock: '.stock@data-stock' },
  },
});
`,
  );
}

async function expectTheTruth(name: string, products = PRODUCTS): Promise<void> {
  const rows = await lab.query(name, date, 'select slug, sku, title, stock from FILES order by slug');
  const truth = Array.from({ length: products }, (_, number) => {
    const { slug, sku, title, stock } = shop.catalogue.productAt(number);
    return { slug, sku, title: title.replace(/\s+/g, ' ').trim(), stock: String(stock) };
  });
  expect(rows).toEqual(truth.sort((a, b) => (a.slug < b.slug ? -1 : 1)));
}

test('most pages are reached within the application, and whatever is killed, the rows are those of loading', async () => {
  shop.clearLog();
  const args = ['--concurrency', '2'];
  const target = await softTarget('honest');
  const running = lab.start(['run', target, '--json', '--date', date, ...args]);
  await running.says(/"batch\.soft-began"/);
  await expect.poll(() => shop.log().pagesRendered, { interval: 20 }).toBeGreaterThan(PRODUCTS / 2);
  running.child.kill('SIGKILL');
  await running.ended;
  const { code, report, stderr } = await runBatch(lab, target, { date, args });
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/"batch\.resumed"/);
  expect(report.pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS });
  const { soft = 0, load = 0, compared = 0, off } = report.navigation ?? {};
  expect(off).toBeUndefined();
  expect(soft + load).toBe(PRODUCTS);
  expect(soft).toBeGreaterThan(PRODUCTS / 3);
  expect(compared).toBeGreaterThan(5);
  const documents = shop.accessLog().filter(({ kind }) => kind === 'document').length;
  expect(documents).toBeLessThan(PRODUCTS * 0.75);
  await expectTheTruth('honest');
});

test('an application that lies after a while is found out, and what it said is rendered again', async () => {
  await shop.control({ manner: { liesFrom: 6 } });
  // One application: it has given its samples when it begins to lie.
  const args = ['--concurrency', '1', '--limit', String(OF_LIAR)];
  const { code, report, stderr } = await runBatch(lab, await softTarget('liar'), { date, args });
  await shop.control({ manner: null });
  expect(code, stderr).toBe(0);
  expect(report.navigation?.off).toMatch(/gives other rows than when it is loaded/);
  expect(stderr).toMatch(/"batch\.soft-undone"/);
  expect(report.pages).toMatchObject({ frontier: OF_LIAR, completed: OF_LIAR });
  expect(report.rows).toMatchObject({ read: OF_LIAR, delivered: OF_LIAR });
  await expectTheTruth('liar', OF_LIAR);
});
