import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Report } from '../../src/delivery/manifest.js';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { casesOf, isLong } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 6;
const date = '2026-03-01';
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;
/** The batch that kept its pages' data, and the one that read them again. */
let kept = '';
let readAgain = '';

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

interface Written {
  keep: string;
  columns: string;
  reading: string;
}

/** Every product page, one that does not exist, and one that robots.txt forbids. */
function target(name: string, { keep, columns, reading }: Written): Promise<string> {
  const slugs = Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.productAt(number).slug);
  const urls = [...slugs.map((slug) => `/p/${slug}`), '/p/never-made', '/private/staff'].map(
    (at) => shop.url + at,
  );
  return lab.target(
    name,
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string(), ${columns} }),
  key: ['slug'],
  discover: ${JSON.stringify(urls)},
  gone: '[data-testid="not-found"]',
  keep: '${keep}',
  ${reading}
});
`,
  );
}

const byData = (row: string): string =>
  `data: { product: /\\/api\\/products\\/[^/]+$/, more: /\\/more$/ },
  extract: ({ data: { product, more } }) => (${row}),`;
const byFields = (fields: string): string =>
  `ready: '[data-sku]', fields: { rows: 'article.product', fields: { slug: '@data-slug', ${fields} } },`;
const kinds: [keep: string, before: Written, after: Written][] = [
  [
    'data',
    {
      keep: 'data',
      columns: 'title: z.string()',
      reading: byData('{ slug: product.slug, title: product.title }'),
    },
    {
      keep: 'data',
      columns: 'sku: z.string(), stock: z.string()',
      reading: byData('{ slug: product.slug, sku: product.sku, stock: String(more.stock) }'),
    },
  ],
  [
    'html',
    { keep: 'html', columns: 'title: z.string()', reading: byFields("title: '.title'") },
    {
      keep: 'html',
      columns: 'sku: z.string(), stock: z.string()',
      reading: byFields("sku: '@data-sku', stock: '.stock@data-stock'"),
    },
  ],
];

function truth(): Record<string, unknown>[] {
  return Array.from({ length: PRODUCTS }, (_, number) => {
    const { slug, sku, stock } = shop.catalogue.productAt(number);
    return { slug, sku, stock: String(stock) };
  }).sort((a, b) => (a.slug < b.slug ? -1 : 1));
}

const asked = (): number => shop.log().requests;

test.each(casesOf(kinds, 1))(
  'kept %s is read by a mended target without one request, whatever is killed',
  async (keep, before, after) => {
    const name = `kept-${keep}`;
    const ran = await runBatch(lab, await target(name, before), { date });
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.report.pages).toMatchObject({ completed: PRODUCTS, gone: 1, skipped: 1, dead: 0 });
    const times = 'select slug, _fetched_at from FILES order by slug';
    const fetched = await lab.query(name, date, times);
    if (keep === 'data') kept = ran.report.batch;
    shop.clearLog();

    await target(name, after);
    const args = ['reextract', ran.report.batch, '--json', '--concurrency', '2'];
    const running = lab.start(args);
    await running.says(/"state":"fetching","msg":"batch\.entered"/);
    running.child.kill('SIGKILL');
    await running.ended;

    const { code, stdout, stderr } = await lab.thresh(args);
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(stderr).toContain('going on with');
    expect(report.batch).not.toBe(ran.report.batch);
    expect(report.pages).toMatchObject({ completed: PRODUCTS, gone: 1, skipped: 1, dead: 0 });
    expect(await lab.query(name, date, 'select slug, sku, stock from FILES order by slug')).toEqual(truth());
    expect(await lab.query(name, date, times)).toEqual(fetched);
    expect(asked()).toBe(0);

    if (keep === 'data') readAgain = report.batch;
    if (!isLong) return;
    // What it has read it has kept: it can be read again itself.
    const again = await lab.thresh(['reextract', report.batch, '--json', '--date', '2026-03-02']);
    expect(again.code, again.stderr).toBe(0);
    expect(await lab.query(name, '2026-03-02', 'select slug, sku, stock from FILES order by slug')).toEqual(
      truth(),
    );
    expect(asked()).toBe(0);
  },
  500_000,
);

test('equal answers are stored once, and nothing that was sent with a request is', async () => {
  const root = path.join(lab.home, 'kept', 'kept-data');
  const names = await readdir(root, { recursive: true });
  const contents = names.filter((one) => one.endsWith('.br'));
  expect(contents).toHaveLength(2 * PRODUCTS);
});

// A batch that kept nothing: data.test.ts.
test('what cannot be read again is refused with what to do', async () => {
  if (isLong) {
    const unknown = await lab.thresh(['reextract', 'kept-data-20260301-zzzzzz']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('there is no batch');
  }
  const first = kinds[0]?.[1];
  if (first === undefined || kept === '') throw new Error('no kind');
  shop.clearLog();
  await target('kept-data', {
    ...first,
    reading: `data: { product: /\\/api\\/products\\/[^/]+$/ },
  extract: async ({ page, data }) => ({ slug: data.product.slug, title: await page.textContent('.title') }),`,
  });
  const touched = await lab.thresh(['reextract', kept]);
  expect(touched.code).toBe(2);
  expect(touched.stderr).toContain(
    'extract asks for the page itself (page.textContent), and only its data were kept',
  );

  // Another answer than was kept: every page says so, and the gate holds. The other one was kept again by who read it.
  await target('kept-data', {
    ...first,
    reading: `data: { product: /\\/api\\/products\\/[^/]+$/, reviews: /\\/reviews$/ },
  extract: ({ data }) => ({ slug: data.product.slug, title: data.reviews.title }),`,
  });
  const lacking = await lab.thresh(['reextract', readAgain, '--json']);
  expect(lacking.code, lacking.stderr).toBe(3);
  const held = JSON.parse(lacking.stdout) as Report;
  const [dead] = await lab.lines('kept-data', held.batch, 'dead-letters.ndjson');
  expect(JSON.stringify(dead)).toContain('NOT_KEPT');
  expect(JSON.stringify(dead)).toContain('did not get its data: \\"reviews\\" did not come');
  expect(asked()).toBe(0);
}, 400_000);
