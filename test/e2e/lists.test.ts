import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isValid } from '../shop/catalogue.mjs';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, root } from '../support/lab.js';
import { casesOf } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';

/** Enough for a second listing page in each of the eight departments. */
const PRODUCTS = 208;
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
  lab = await openLab({ THRESH_DEMO_URL: shop.url });
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

/** What listing pages 1 and 2 of a department link to. */
function productsOf(department: string) {
  return [1, 2].flatMap((page) => shop.catalogue.listAt(department, page)?.items ?? []);
}

test('listing pages lead to details; the dataset is the same however many pages are in flight', async () => {
  const products = productsOf('toys');
  const winners = new Map(products.filter(isValid).map((product) => [product.sku, product]));
  expect(winners.size).toBeLessThan(products.length); // there are second pages and bad ones among them
  const datasets: unknown[] = [];
  const runs = [
    ['2026-03-01', '6'],
    ['2026-03-02', '2'],
  ] as const;
  for (const [date, concurrency] of casesOf(runs, 1)) {
    shop.clearLog();
    const { code, report, stderr } = await runBatch(lab, path.join(root, 'targets/demo-shop-lists.ts'), {
      date,
      args: ['--concurrency', concurrency],
    });
    expect(code, stderr).toBe(0);
    expect(report.pages).toMatchObject({ frontier: products.length + 2, completed: products.length + 2 });
    expect(report.rows.read).toBe(products.length);
    expect(shop.log().rendered['/c/toys?page=2']).toBe(1);
    datasets.push(
      await lab.query(
        'demo-shop-lists',
        date,
        `select * exclude (date, _fetched_at, _batch, listedAt, stock), stock::int as stock, epoch_ms(listedAt)::double as listedAt
         from FILES order by sku`,
      ),
    );
  }
  for (const dataset of datasets)
    expect(dataset).toEqual(
      [...winners.values()]
        .sort((a, b) => (a.sku < b.sku ? -1 : 1))
        .map((product) => ({
          sku: product.sku,
          title: product.title.replace(/\s+/g, ' ').trim(),
          price: product.price,
          currency: product.currency,
          category: product.category,
          stock: product.stock,
          rating: product.rating,
          tags: product.tags,
          material: product.specs.material,
          listedAt: product.listedAt === null ? null : Date.parse(product.listedAt),
          _page_url: `${shop.url}/p/${product.slug}`,
        })),
    );
});

test('follow in extract: labels and data go along, links elsewhere and links of refused pages do not', async () => {
  const target = await lab.target(
    'cards',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'cards',
  schema: z.object({ slug: z.string(), title: z.string(), rank: z.number().int(), from: z.string() }),
  key: ['slug'],
  retries: 0,
  discover: [{ url: '${shop.url}/c/office', label: 'list' }, { url: '${shop.url}/c/none', label: 'list' }],
  ready: { list: '.card', detail: '[data-sku]' },
  gone: '[data-testid=not-found]',
  extract: {
    async list({ page, request, follow }) {
      const links = await page.locator('.card a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
      // Relative, as a URL, twice, and to where a page of the shop has no business to lead.
      for (const [rank, href] of links.slice(0, 5).entries()) {
        follow(href ?? '', { label: 'detail', data: { rank, from: new URL(request.url).pathname } });
        follow(new URL(href ?? '', request.url), { label: 'detail', data: { rank: -1, from: 'again' } });
      }
      follow('${shop.thirdPartyUrl}/widget', { label: 'detail' });
      follow('mailto:office@shop.example');
      follow('/private/staff', { label: 'detail' });
    },
    async detail({ page, request }) {
      const { rank, from } = request.data as { rank: number; from: string };
      return page.locator('article.product').evaluate((product, data) => ({
        slug: product.getAttribute('data-slug'),
        title: product.querySelector('.title')?.textContent,
        ...data,
      }), { rank, from });
    },
  },
});
`,
  );
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-01' });
  expect(code, stderr).toBe(0);
  // Two lists (one of them gone), five details, and the page that robots.txt forbids.
  expect(report.pages).toMatchObject({ frontier: 8, completed: 6, gone: 1, skipped: 1, dead: 0 });
  expect(
    await lab.query(
      'cards',
      '2026-03-01',
      'select slug, title, rank::int as rank, "from" from FILES order by rank',
    ),
  ).toEqual(
    productsOf('office')
      .slice(0, 5)
      .map(({ slug, title }, rank) => ({ slug, title, rank, from: '/c/office' })),
  );
  expect(stderr).toMatch(/"batch\.refused-links"/);
  expect(stderr).toMatch(/link not followed: not an http/);
});
