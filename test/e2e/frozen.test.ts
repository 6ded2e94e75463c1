import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';

const PRODUCTS = 24;
/** Longer than the lock of a batch and that of a page. */
const FROZEN_MS = 15_000;
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

test('a process that stood still for longer than its locks goes on with its batch, once', async () => {
  const target = await lab.target(
    'frozen',
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'frozen',
  schema: z.object({ slug: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  async extract({ page, log }) {
    log.info('read');
    return { slug: await page.locator('article.product').getAttribute('data-slug') };
  },
});
`,
  );
  const running = lab.start(['run', target, '--json', '--date', '2026-03-01', '--concurrency', '2']);
  await running.says(/(?:"message":"read".*?){6}/s);
  running.child.kill('SIGSTOP');
  await delay(FROZEN_MS); // what is tested is time that passes
  running.child.kill('SIGCONT');
  const { code, stdout, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout).pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS });
  for (const state of ['aggregating', 'delivered'])
    expect(stderr.match(new RegExp(`"state":"${state}","msg":"batch.entered"`, 'g'))?.length).toBe(1);
  const rows = await lab.query('frozen', '2026-03-01', 'select slug from FILES order by slug');
  expect(rows.map(({ slug }) => slug)).toEqual(
    Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.productAt(number).slug).sort(),
  );
});
