/** Nights that render what changed: the shop's log says which pages were asked, a full night of the same shop what is true. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { isLong, longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

const PRODUCTS = 52;
/** Of the tests that need not show how much is spared. */
const FEW = 24;
const LONG_AGO = '2020-01-01T00:00:00Z';
const args = ['--concurrency', '2'];
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS, lastmod: LONG_AGO });
  lab = await openLab();
});

beforeEach(() => shop.control({ repriced: null }));

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

  if (!isLong) return;
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
    carried: 16,
    rendered: 8,
    nights: 1,
    from: first.report.batch,
  });
  expect(askedPages()).toEqual(Array.from({ length: 8 }, (_, at) => at * 3));
  await full('killed-truth', '2026-03-02');
  expect(await rowsOf('killed', '2026-03-02')).toEqual(await rowsOf('killed-truth', '2026-03-02'));
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

describe('by documents', () => {
  const byDocument = (name: string, at: string, options: string): Promise<string> => {
    const count = shop.catalogue.products;
    const pages = Array.from({ length: count }, (_, number) => shop.catalogue.productAt(number).slug);
    return lab.target(
      name,
      `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string(), title: z.string(), price: z.string() }),
  key: ['slug'],
  discover: ${JSON.stringify(pages.map((slug) => `${shop.url}/${at}/${slug}`))},
  gate: { maxQuarantined: 0.5 },
  ${options}
});
`,
    );
  };
  const reading = `data: { next: { embedded: '__NEXT_DATA__' } },
  extract({ data: { next } }) {
    const { product } = next.props.pageProps;
    return { ...product, price: String(product.price) };
  },`;
  const rows = (name: string, date: string) =>
    lab.query(name, date, 'SELECT slug, title, price, _page_url FROM FILES ORDER BY slug');
  const statuses = (): number[] =>
    shop.accessLog().flatMap(({ kind, status }) => (kind === 'document' ? [status] : []));

  beforeAll(() => shop.control({ products: FEW, tagged: true, repriced: null }));
  afterAll(() => shop.control({ tagged: false, repriced: null }));

  test('a page is asked whether it has changed, and rendered when it has; 429 has the night wait', async () => {
    const target = await byDocument(
      'documents',
      'e',
      `incremental: { sample: 0.1, by: ['document'] }, ${reading}`,
    );
    const first = await runBatch(lab, target, { date: '2026-03-01', args });
    expect(first.report.incremental).toMatchObject({ carried: 0, asked: 0, rendered: FEW });
    await shop.control({ repriced: { every: 12 } });
    shop.clearLog();
    const second = await runBatch(lab, target, { date: '2026-03-02', args });
    const { carried = 0, asked, rendered = 0, compared = 0, ...more } = second.report.incremental ?? {};
    expect(more).toEqual({ nights: 1, from: first.report.batch });
    expect(second.report.pages).toMatchObject({ completed: FEW, dead: 0 });
    expect(asked).toBe(carried);
    // Those that changed, samples, and one a process and slot to know who asks.
    expect(rendered).toBeLessThanOrEqual(3 + compared + 2);
    expect(carried + rendered).toBe(FEW);
    expect(statuses().filter((status) => status === 304)).toHaveLength(carried + compared);
    expect(second.report.rows).toEqual(first.report.rows);
    const full = await byDocument('documents-full', 'e', reading);
    await runBatch(lab, full, { date: '2026-03-02', args });
    expect(await rows('documents', '2026-03-02')).toEqual(await rows('documents-full', '2026-03-02'));

    // What was carried over is asked for again, by what it was known by.
    shop.clearLog();
    await shop.control({ rateLimit: { perSecond: 8, retryAfterS: 1 } });
    const third = await runBatch(lab, target, { date: '2026-03-03', args });
    await shop.control({ rateLimit: null });
    expect(third.code, third.stderr).toBe(0);
    expect(third.report.pages).toMatchObject({ completed: FEW, dead: 0 });
    expect(third.report.incremental?.asked).toBeGreaterThan(FEW / 2);
    expect(statuses()).toContain(429);
    expect(await rows('documents', '2026-03-03')).toEqual(await rows('documents', '2026-03-02'));
  });

  longTest(
    'a document that does not know of its page’s price is found out by the sample, and all is rendered',
    async () => {
      let price = 10;
      const site = await startSmallServer(({ url = '', headers }, response) => {
        const page = Number(url.slice(url.lastIndexOf('/') + 1));
        const modified = new Date(Date.UTC(2020, 1, 1, 0, page)).toUTCString();
        if (url.startsWith('/price/')) response.end(String(price + page));
        else if (!url.startsWith('/p/')) response.writeHead(404).end();
        else if (headers['if-modified-since'] === modified) response.writeHead(304).end();
        else
          response
            .writeHead(200, { 'content-type': 'text/html', 'last-modified': modified })
            .end(`<script>fetch('/price/${page}').then((answer) => answer.text()).then((price) => {
            document.body.innerHTML = '<b>${page}</b><i>' + price + '</i>';
          });</script>`);
      });
      try {
        const target = await lab.target(
          'unknowing',
          `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'unknowing',
  schema: z.object({ page: z.string(), price: z.string() }),
  key: ['page'],
  incremental: { sample: 0.4, by: ['document'] },
  discover: Array.from({ length: 16 }, (_, page) => '${site.url}/p/' + page),
  ready: 'i',
  fields: { fields: { page: 'b', price: 'i' } },
});
`,
        );
        await runBatch(lab, target, { date: '2026-03-01', args });
        const calm = await runBatch(lab, target, { date: '2026-03-02', args });
        expect(calm.report.incremental?.carried).toBeGreaterThan(0);
        expect(calm.report.incremental?.full).toBeUndefined();
        price = 100;
        const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-03', args });
        expect(code, stderr).toBe(0);
        expect(report.incremental).toMatchObject({ carried: 0, asked: 0, rendered: 16, nights: 0 });
        expect(report.incremental?.full).toMatch(
          /gives other rows, and its document says that it has not changed$/,
        );
        const prices = await lab.query(
          'unknowing',
          '2026-03-03',
          'SELECT price FROM FILES ORDER BY page::int',
        );
        expect(prices).toEqual(Array.from({ length: 16 }, (_, page) => ({ price: String(100 + page) })));
      } finally {
        await site.stop();
      }
    },
  );

  longTest('documents that are the same for every page are not gone by', async () => {
    const options = `incremental: { sample: 0, by: ['document'] }, ready: '[data-sku]',
  fields: { rows: 'article.product', fields: { slug: '@data-slug', title: '.title', price: '.price' } },`;
    await shop.control({ products: 12 });
    const target = await byDocument('shells', 'p', options);
    await runBatch(lab, target, { date: '2026-03-01', args });
    await shop.control({ repriced: { every: 7 } });
    const { report, stderr } = await runBatch(lab, target, { date: '2026-03-02', args });
    expect(report.incremental).toMatchObject({
      carried: 0,
      asked: 0,
      rendered: 12,
      notAsked: expect.stringMatching(/^12 of 12 documents are known by what others are known by/),
    });
    expect(stderr).toMatch(/"notAsked":"12 of 12.*"batch\.night-planned"/);
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
