import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, type Running } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 48;
const CONCURRENCY = 2;
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

/** Says `read` for each page that it has read. */
function talkingTarget(name: string): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ sku: z.string(), slug: z.string(), title: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  async extract({ page, log }) {
    const row = await page.locator('article.product').evaluate((product) => ({
      sku: product.getAttribute('data-sku'),
      slug: product.getAttribute('data-slug'),
      title: product.querySelector('.title')?.textContent,
    }));
    log.info('read');
    return row;
  },
});
`,
  );
}

const args = ['--concurrency', String(CONCURRENCY)];

/** Starts a batch and lets it read a third of its pages. */
async function readAThird(target: string): Promise<Running> {
  const running = lab.start(['run', target, '--json', '--date', '2026-03-01', ...args]);
  await running.says(new RegExp(`(?:"message":"read"[^]*?){${PRODUCTS / 3}}`));
  return running;
}

async function expectTheTruth(name: string): Promise<void> {
  const rows = await lab.query(name, '2026-03-01', 'select sku, slug, title from FILES order by _page_url');
  const truth = Array.from({ length: PRODUCTS }, (_, number) => {
    const { sku, slug, title } = shop.catalogue.productAt(number);
    return { sku, slug, title };
  });
  expect(rows).toEqual(truth.sort((a, b) => (a.slug < b.slug ? -1 : 1)));
}

test('SIGINT drains: exit code 130, and the same command goes on without rendering a page again', async () => {
  shop.clearLog();
  const target = await talkingTarget('interrupted');
  const running = await readAThird(target);
  running.child.kill('SIGINT');
  const { code, stderr } = await running.ended;
  expect(code, stderr).toBe(130);
  expect(stderr).toMatch(/interrupted: (interrupted-20260301-\w+) can be resumed by the same command/);
  const before = shop.log().pagesRendered;
  expect(before).toBeGreaterThanOrEqual(PRODUCTS / 3);
  expect(before).toBeLessThan(PRODUCTS);

  const again = await runBatch(lab, target, { date: '2026-03-01', args });
  expect(again.code, again.stderr).toBe(0);
  expect(stderr).toContain(again.report.batch);
  expect(again.stderr).toMatch(/"batch\.resumed"/);
  expect(again.report.pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS });
  expect(shop.log().renderedTimes).toEqual({ 1: PRODUCTS });
  await expectTheTruth('interrupted');
});

test('SIGKILL: the same command goes on, and only pages that were in flight are rendered again', async () => {
  shop.clearLog();
  const target = await talkingTarget('killed');
  const running = await readAThird(target);
  running.child.kill('SIGKILL');
  const { code } = await running.ended;
  expect(code).toBe(null);
  expect(shop.log().pagesRendered).toBeLessThan(PRODUCTS);

  const again = await runBatch(lab, target, { date: '2026-03-01', args });
  expect(again.code, again.stderr).toBe(0);
  expect(again.report.pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS });
  expect(again.report.rows).toMatchObject({ delivered: PRODUCTS, duplicates: 0 });
  const { 1: once = 0, 2: twice = 0, ...more } = shop.log().renderedTimes;
  expect(more).toEqual({});
  expect(once + twice).toBe(PRODUCTS);
  expect(twice).toBeLessThanOrEqual(CONCURRENCY);
  await expectTheTruth('killed');
});
