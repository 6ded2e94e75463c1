import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab, type Running } from '../support/lab.js';
import { type LightShop, startLightShop } from '../support/light-shop.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 36;
const CONCURRENCY = 2;
const DATE = '2026-03-01';
const args = ['--concurrency', String(CONCURRENCY)];
let lab: Lab;
let shop: LightShop;

beforeAll(async () => {
  shop = await startLightShop({ products: PRODUCTS, latencyMs: 50 });
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
  schema: z.object({ slug: z.string(), title: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml'),
  ready: '[data-sku]',
  async extract({ page, log }) {
    const row = await page.locator('article').evaluate((product) => ({
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

/** Starts the batch, or goes on with it, and lets it read a third of its pages. */
async function readAThird(target: string): Promise<Running> {
  const running = lab.start(['run', target, '--json', '--date', DATE, ...args]);
  await running.says(new RegExp(`(?:"message":"read"[^]*?){${PRODUCTS / 3}}`));
  return running;
}

async function expectTheTruth(name: string): Promise<void> {
  const rows = await lab.query(name, DATE, 'select slug, title from FILES order by slug');
  expect(rows).toEqual(
    Array.from({ length: PRODUCTS }, (_, number) => {
      const { slug, title } = shop.product(number);
      return { slug, title };
    }),
  );
}

/** How often each page was asked for. */
function timesAsked(): Map<string, number> {
  const times = new Map<string, number>();
  for (const path of shop.asked) times.set(path, (times.get(path) ?? 0) + 1);
  return times;
}

test('the same command goes on: after SIGINT no page is rendered again, after SIGKILL only those that were in flight', async () => {
  const target = await talkingTarget('stopped');
  const interrupted = await readAThird(target);
  interrupted.child.kill('SIGINT');
  const { code, stderr } = await interrupted.ended;
  expect(code, stderr).toBe(130);
  const [, batch] =
    /interrupted: (stopped-20260301-\w+) can be resumed by the same command/.exec(stderr) ?? [];
  const before = [...timesAsked().keys()];
  expect(shop.asked).toHaveLength(before.length);
  expect(before.length).toBeGreaterThanOrEqual(PRODUCTS / 3);
  expect(before.length).toBeLessThan(PRODUCTS);

  const killed = await readAThird(target);
  expect(killed.said()).toMatch(/"batch\.resumed"/);
  killed.child.kill('SIGKILL');
  expect((await killed.ended).code).toBe(null);
  expect(timesAsked().size).toBeLessThan(PRODUCTS);

  const last = await runBatch(lab, target, { date: DATE, args });
  expect(last.code, last.stderr).toBe(0);
  expect(last.stderr).toMatch(/"batch\.resumed"/);
  expect(last.report.batch).toBe(batch);
  expect(last.report.pages).toMatchObject({ frontier: PRODUCTS, completed: PRODUCTS });
  expect(last.report.rows).toMatchObject({ delivered: PRODUCTS, duplicates: 0 });
  const times = timesAsked();
  for (const path of before) expect(times.get(path), path).toBe(1);
  const again = [...times.values()].filter((count) => count > 1);
  expect(again.length).toBeLessThanOrEqual(CONCURRENCY);
  expect(Math.max(...times.values())).toBeLessThanOrEqual(2);
  await expectTheTruth('stopped');
});
