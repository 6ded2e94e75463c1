/** Nights that render what changed: the shop's log says which pages were asked, a full night of the same shop what is true. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { runBatch } from '../support/run-batch.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

const PRODUCTS = 60;
/** Of the tests that need not show how much is spared. */
const FEW = 36;
const LONG_AGO = '2020-01-01T00:00:00Z';
const args = ['--concurrency', '2'];
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS, lastmod: LONG_AGO });
  lab = await openLab();
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

function targetOf(name: string, incremental: string): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string(), title: z.string(), price: z.number().positive(), tags: z.array(z.string()) }),
  key: ['slug'],
  ${incremental}
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  fields: {
    rows: 'article.product',
    fields: {
      slug: '@data-slug',
      title: '.title',
      price: { select: '.price', as: 'number' },
      tags: { select: '.tag', all: true },
    },
  },
  gate: { maxQuarantined: 0.5 },
});
`,
  );
}

const COLUMNS = 'slug, title, price, tags, _page_url';

function rowsOf(name: string, date: string): Promise<Record<string, unknown>[]> {
  return lab.query(name, date, `SELECT ${COLUMNS} FROM FILES ORDER BY slug`);
}

function askedPages(): number[] {
  const pages = Array.from({ length: shop.catalogue.products }, (_, number) => number);
  return pages.filter((number) => (shop.log().rendered[shop.catalogue.pathOf(number)] ?? 0) > 0);
}

async function full(name: string, date: string) {
  return runBatch(lab, await targetOf(name, ''), { date, args });
}

test('a night renders what changed and a sample, and delivers what a full one does', async () => {
  const target = await targetOf('nightly', 'incremental: { sample: 0.05 },');
  const first = await runBatch(lab, target, { date: '2026-03-01', args });
  expect(first.report.incremental).toEqual({
    carried: 0,
    rendered: PRODUCTS,
    compared: 0,
    nights: 0,
    full: 'no earlier batch of the target was delivered',
  });
  await shop.control({ repriced: { every: 50, at: new Date().toISOString() } });
  shop.clearLog();
  const second = await runBatch(lab, target, { date: '2026-03-02', args });
  expect(second.code, second.stderr).toBe(0);
  const { carried = 0, rendered = 0, compared = 0, ...more } = second.report.incremental ?? {};
  expect(more).toEqual({ nights: 1, from: first.report.batch });
  expect(second.report.pages.completed).toBe(PRODUCTS);
  expect(rendered).toBe(2 + compared);
  expect(carried).toBe(PRODUCTS - rendered);
  expect(carried).toBeGreaterThan(PRODUCTS * 0.7);
  const asked = askedPages();
  expect(asked).toHaveLength(rendered);
  expect(asked).toEqual(expect.arrayContaining([0, 50]));
  expect(second.report.rows).toEqual(first.report.rows);
  expect(second.report.quarantine).toEqual(first.report.quarantine);

  const truth = await full('truth', '2026-03-02');
  expect(await rowsOf('nightly', '2026-03-02')).toEqual(await rowsOf('truth', '2026-03-02'));
  const marks = await lab.query(
    'nightly',
    '2026-03-02',
    `SELECT _carried_from AS batch, count(*) AS rows, bool_or(_fetched_at < TIMESTAMP '${second.report.times.startedAt.slice(0, -1)}') AS old,
     bool_and(_batch = '${second.report.batch}') AS ours FROM FILES GROUP BY 1 ORDER BY 1 NULLS LAST`,
  );
  expect(marks).toMatchObject([
    { batch: first.report.batch, old: true, ours: true },
    { batch: null, old: false, ours: true },
  ]);
  expect(await lab.query('truth', '2026-03-02', 'DESCRIBE FROM FILES')).not.toContainEqual(
    expect.objectContaining({ column_name: '_carried_from' }),
  );
  const seconds = ({ report }: typeof first): string => report.times.seconds.toFixed(1);
  console.log(
    `${PRODUCTS} pages, 2 of them changed: ${rendered} rendered in ${seconds(second)} s; a full night ${seconds(truth)} s`,
  );

  // What was carried over is carried on, and says who fetched it.
  const third = await runBatch(lab, target, { date: '2026-03-03', args: [...args] });
  expect(third.report.incremental).toMatchObject({ nights: 2, from: second.report.batch });
  const origins = await lab.query(
    'nightly',
    '2026-03-03',
    'SELECT DISTINCT _carried_from AS batch FROM FILES',
  );
  expect(origins.map(({ batch }) => batch)).toContain(first.report.batch);
  expect(await rowsOf('nightly', '2026-03-03')).toEqual(await rowsOf('truth', '2026-03-02'));

  // The same by the other engine.
  const env = { THRESH_PARQUET: 'parquetjs' };
  const fourth = await runBatch(lab, target, { date: '2026-03-04', args, env });
  expect(fourth.report.engine).toBe('parquetjs');
  expect(await rowsOf('nightly', '2026-03-04')).toEqual(await rowsOf('truth', '2026-03-02'));
  expect(
    await lab.query('nightly', '2026-03-04', 'SELECT DISTINCT _carried_from AS batch FROM FILES'),
  ).toContainEqual({
    batch: first.report.batch,
  });
  await shop.control({ repriced: null });
});

test('a night that is killed goes on where it was, and asks no page twice that it has carried over', async () => {
  await shop.control({ products: FEW });
  const target = await targetOf('killed', 'incremental: { sample: 0 },');
  const first = await runBatch(lab, target, { date: '2026-03-01', args });
  await shop.control({ repriced: { every: 3, at: new Date().toISOString() } });
  shop.clearLog();
  const running = lab.start(['run', target, '--json', '--date', '2026-03-02', ...args]);
  await expect.poll(() => shop.log().pagesRendered, { interval: 20, timeout: 60_000 }).toBeGreaterThan(4);
  running.child.kill('SIGKILL');
  await running.ended;
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-02', args });
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/"batch\.resumed"/);
  expect(report.incremental).toMatchObject({
    carried: 24,
    rendered: 12,
    nights: 1,
    from: first.report.batch,
  });
  expect(askedPages()).toEqual(Array.from({ length: 12 }, (_, at) => at * 3));
  await full('killed-truth', '2026-03-02');
  expect(await rowsOf('killed', '2026-03-02')).toEqual(await rowsOf('killed-truth', '2026-03-02'));
  await shop.control({ repriced: null });
});

test('a sitemap that lies is found out by the sample, and all is rendered', async () => {
  const target = await targetOf('lied-to', 'incremental: { sample: 0.5 },');
  await shop.control({ products: FEW });
  await runBatch(lab, target, { date: '2026-03-01', args });
  await shop.control({ repriced: { every: 2 } });
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-02', args });
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/"batch\.carried-undone"/);
  expect(report.incremental).toMatchObject({ carried: 0, rendered: FEW, nights: 0 });
  expect(report.incremental?.full).toMatch(/\/p\/.* has changed, and its lastmod does not say so/);
  await full('lied-truth', '2026-03-02');
  expect(await rowsOf('lied-to', '2026-03-02')).toEqual(await rowsOf('lied-truth', '2026-03-02'));
  await shop.control({ repriced: null });
});

test('a changed target renders everything', async () => {
  const { report } = await runBatch(lab, await targetOf('lied-to', 'incremental: { sample: 0.3 },'), {
    date: '2026-03-03',
    args,
  });
  expect(report.incremental).toMatchObject({
    carried: 0,
    nights: 0,
    full: expect.stringMatching(/^the target has changed since lied-to-/),
  });
});

test('pages with links, those that were followed, gone or empty ones, and those of no lastmod are always asked', async () => {
  const row = (sku: string): string => JSON.stringify([{ sku, price: 1 }]);
  const pages: Record<string, { rows?: string; link?: string }> = {
    '/plain': { rows: row('plain') },
    '/refused': { rows: JSON.stringify([{ sku: 'refused', price: 'none' }]) },
    '/list': { rows: row('list'), link: '/linked' },
    '/linked': { rows: row('linked') },
    '/empty': { rows: '[]' },
    '/undated': { rows: row('undated') },
    '/gone': {},
  };
  const listed = Object.keys(pages).filter((page) => page !== '/linked');
  const site: SmallServer = await startSmallServer(({ url = '' }, response) => {
    if (url === '/sitemap.xml') {
      const entries = listed.map(
        (page) =>
          `<url><loc>${site.url}${page}</loc>${page === '/undated' ? '' : `<lastmod>${LONG_AGO}</lastmod>`}</url>`,
      );
      const xmlns = 'http://www.sitemaps.org/schemas/sitemap/0.9';
      response.end(`<urlset xmlns="${xmlns}">${entries.join('')}</urlset>`);
      return;
    }
    const { rows, link } = pages[url] ?? {};
    if (rows === undefined) response.writeHead(404).end();
    else
      response
        .setHeader('content-type', 'text/html')
        .end(
          `<!doctype html><script type="application/json">${rows}</script>${link ? `<a href="${link}">more</a>` : ''}`,
        );
  });
  try {
    const target = await lab.target(
      'kinds',
      `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'kinds',
  schema: z.object({ sku: z.string(), price: z.number() }),
  key: ['sku'],
  incremental: { sample: 0 },
  discover: sitemap('${site.url}/sitemap.xml'),
  ready: 'script',
  async extract({ page, follow }) {
    for (const link of await page.locator('a').all()) follow(await link.evaluate((a) => a.href));
    return page.evaluate(() => JSON.parse(document.querySelector('script').textContent));
  },
  gate: { maxQuarantined: 0.9 },
});
`,
    );
    const first = await runBatch(lab, target, { date: '2026-03-01', args });
    expect(first.code, first.stderr).toBe(0);
    site.asked.length = 0;
    const second = await runBatch(lab, target, { date: '2026-03-02', args });
    const { pages: books, rows, incremental } = second.report;
    expect(site.asked.filter((page) => page in pages).sort()).toEqual(
      ['/empty', '/gone', '/linked', '/list', '/undated'].sort(),
    );
    expect(incremental).toMatchObject({ carried: 2, rendered: 4 });
    expect(books).toEqual(first.report.pages);
    expect(rows).toEqual(first.report.rows);
    const refused = await lab.lines('kinds', second.report.batch, 'quarantine.ndjson');
    expect(refused).toMatchObject([{ url: `${site.url}/refused`, row: { sku: 'refused' } }]);
    expect(Date.parse(String(refused[0]?.fetchedAt))).toBeLessThan(Date.parse(second.report.times.startedAt));
  } finally {
    await site.stop();
  }
});
