import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 6;
const RETRIES = 2;
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

/** Reads whatever page it is given, so that a page that is none shows up as a row. */
function anyPageTarget(name: string, options: string): string {
  return `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ path: z.string(), heading: z.string() }),
  key: ['path'],
  extract: ({ page }) => page.evaluate(() => ({
    path: location.pathname,
    heading: document.querySelector('h1')?.textContent ?? 'no heading',
  })),
  ${options}
});
`;
}

const products = () => Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.pathOf(number)).sort();

async function deliveredPaths(target: string): Promise<unknown[]> {
  const rows = await lab.query(target, '2026-03-01', 'select path, heading from FILES order by path');
  expect(
    rows.map(({ heading }) => heading).filter((heading) => /human|Sorry|\d{3}/.test(String(heading))),
  ).toEqual([]);
  return rows.map((row) => row.path);
}

test('pages that do not exist are gone: by status, and by what they show', async () => {
  const target = await lab.target(
    'gone',
    anyPageTarget(
      'gone',
      `discover: sitemap('${shop.url}/special/sitemap-gone.xml'),
       ready: '[data-sku]',
       gone: '[data-testid=not-found]',`,
    ),
  );
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-01' });
  expect(code, stderr).toBe(0);
  expect(report.pages).toEqual({
    frontier: PRODUCTS + 4,
    completed: PRODUCTS,
    gone: 4,
    skipped: 0,
    dead: 0,
    unfinished: 0,
  });
  expect(await deliveredPaths('gone')).toEqual(products());
  expect(await lab.lines('gone', report.batch, 'dead-letters.ndjson')).toEqual([]);
});

test('a challenge is never read as a row: it is tried again, and what stays refused is kept to look at', async () => {
  await shop.control({ block: { rate: 0.4, status: 200 } });
  const refusals = ['/blocked/403', '/blocked/200', '/p/NO-SUCH-2'];
  const target = await lab.target(
    'blocked',
    anyPageTarget(
      'blocked',
      `discover: ${JSON.stringify([...products(), ...refusals].map((one) => shop.url + one))},
       ready: '[data-sku]',
       blocked: async (page) => (await page.locator('[data-testid=not-found]').count()) > 0,
       retries: ${RETRIES},
       gate: { minCompleted: 0.6 },`,
    ),
  );
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-01' });
  await shop.control({ block: null });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ completed: PRODUCTS, dead: refusals.length, gone: 0 });
  expect(await deliveredPaths('blocked')).toEqual(products());
  const documents = shop
    .accessLog()
    .filter(({ kind, url }) => kind === 'document' && url.startsWith('/p/TH-'));
  expect(documents.length).toBeGreaterThan(PRODUCTS * 2); // in both tests, and some again: the dice fall by the seed

  const letters = await lab.lines('blocked', report.batch, 'dead-letters.ndjson');
  expect(letters.map(({ url, attempt }) => [url, attempt]).sort()).toEqual(
    refusals.map((one) => [shop.url + one, RETRIES + 1]).sort(),
  );
  const shown: Record<string, RegExp> = {
    '/blocked/403': /challenge-form/,
    '/blocked/200': /challenge-form/,
    '/p/NO-SUCH-2': /couldn't find it/,
  };
  for (const { url, failure } of letters) {
    const { code: why, message, screenshot, html, trace } = failure as Record<string, string>;
    expect(why).toBe('PAGE_BLOCKED');
    expect(message).toMatch(/refuses us: (?:answered 403|shows a block page)$/);
    const folder = path.join(lab.out, 'blocked', '_runs', report.batch);
    const png = await readFile(path.join(folder, String(screenshot)));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    const zip = await readFile(path.join(folder, String(trace)));
    expect(zip.subarray(0, 2).toString()).toBe('PK');
    expect(await readFile(path.join(folder, String(html)), 'utf8')).toMatch(
      shown[new URL(String(url)).pathname] as RegExp,
    );
  }
});
