/** Nights that render what changed: the site's log says which pages were asked, its catalogue what is true. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchFiles } from '../../src/batch/spec.js';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { articleOf, type LightShop, type Product, REFUSED, startLightShop } from '../support/light-shop.js';
import { longOnly, longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';
import { startSmallServer } from '../support/small-server.js';

const args = ['--concurrency', '2'];
let lab: Lab;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab?.close());

interface Read {
  url: string;
  include: RegExp;
  ready: string;
  /** Selector of links. */
  follow?: string;
}

function targetOf(name: string, incremental: string, { url, include, ready, follow }: Read): Promise<string> {
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
  discover: sitemap('${url}/sitemap.xml', { include: ${include} }),
  ready: '${ready}',
  fields: {
    rows: 'article.product',
    fields: {
      slug: '@data-slug',
      title: '.title',
      price: { select: '.price', as: 'number' },
      tags: { select: '.tag', all: true },
    },
    ${follow === undefined ? '' : `follow: [{ select: '${follow}' }],`}
  },
  gate: { maxQuarantined: 0.5 },
});
`,
  );
}

function rowsOf(name: string, date: string): Promise<Record<string, unknown>[]> {
  return lab.query(name, date, 'SELECT slug, title, price, tags, _page_url FROM FILES ORDER BY slug');
}

describe('by the sitemap, and by the documents of pages that have no date there', () => {
  const PRODUCTS = 24;
  const UNDATED = Array.from({ length: 8 }, (_, at) => `/undated-${at}`);
  /** Each is rendered every night: with a link, followed, without a row, gone. */
  const ALWAYS = ['/list', '/linked', '/empty', '/gone'];
  /** Of them all but the one that is gone, and the others. */
  const COMPLETED = PRODUCTS + UNDATED.length + 3;
  const incremental = (sample: number): string =>
    `incremental: { sample: ${sample}, by: ['lastmod', 'document'] },`;
  /** By path; the truth of pages that are no products. */
  const others = new Map<string, Product>();
  let site: LightShop;
  let read: Read;

  function put(path: string, title: string): string {
    const product = { slug: path.slice(1), title, price: 1, tags: [] };
    others.set(path, product);
    return articleOf(product);
  }

  beforeAll(async () => {
    site = await startLightShop({
      products: PRODUCTS,
      others: {
        '/list': { body: `${put('/list', 'list')}<a href="/linked">more</a>` },
        '/linked': { body: put('/linked', 'linked'), listed: false },
        '/empty': { body: '<p>soon</p>' },
        '/gone': { body: undefined },
        ...Object.fromEntries(UNDATED.map((path) => [path, { body: put(path, 'old'), dated: false }])),
      },
    });
    read = { url: site.url, include: /./, ready: 'main', follow: 'main > a' };
  });

  afterAll(() => site?.stop());

  async function expectTheTruth(date: string): Promise<void> {
    const page = (path: string) => ({ _page_url: `${site.url}${path}` });
    const truth = [
      ...Array.from({ length: PRODUCTS }, (_, number) => site.product(number))
        .filter((_, number) => number !== REFUSED)
        .map((product) => ({ ...product, ...page(`/p/${product.slug}`) })),
      ...[...others].map(([path, product]) => ({ ...product, ...page(path) })),
    ];
    expect(await rowsOf('nightly', date)).toEqual(truth.sort((a, b) => (a.slug < b.slug ? -1 : 1)));
  }

  /** Each path once, however often it was asked. */
  const asked = (): string[] => [...new Set(site.asked)];

  test('a night renders what changed, what may not be carried over, and a sample; killed, it goes on where it was', async () => {
    const target = await targetOf('nightly', incremental(0.35), read);
    const first = await runBatch(lab, target, { date: '2026-03-01', args });
    expect(first.code, first.stderr).toBe(0);
    expect(first.report.pages).toMatchObject({ frontier: COMPLETED + 1, completed: COMPLETED, gone: 1 });
    expect(first.report.incremental).toEqual({
      carried: 0,
      asked: 0,
      rendered: COMPLETED,
      compared: 0,
      nights: 0,
      full: 'no earlier batch of the target was delivered',
    });
    await expectTheTruth('2026-03-01');
    expect(
      await lab.query('nightly', '2026-03-01', 'SELECT DISTINCT _carried_from AS batch FROM FILES'),
    ).toEqual([{ batch: null }]);

    site.reprice({ every: 6, at: new Date().toISOString() });
    const [undated = ''] = UNDATED;
    site.settings.others[undated] = { body: put(undated, 'new'), dated: false };
    const changed = [...[0, 6, 12, 18].map((number) => `/p/${site.product(number).slug}`), undated];
    site.asked.length = 0;
    site.settings.latencyMs = 150;
    const running = lab.start(['run', target, '--json', '--date', '2026-03-02', ...args]);
    await expect.poll(() => asked().length, { interval: 20 }).toBeGreaterThan(7);
    running.child.kill('SIGKILL');
    await running.ended;
    site.settings.latencyMs = 0;
    const askedBefore = asked();
    const requestsBefore = site.asked.length;
    const second = await runBatch(lab, target, { date: '2026-03-02', args });
    expect(second.code, second.stderr).toBe(0);
    expect(second.stderr).toMatch(/"batch\.resumed"/);
    const {
      carried = 0,
      asked: byDocument = 0,
      rendered = 0,
      compared = 0,
      ...more
    } = second.report.incremental ?? {};
    expect(more).toEqual({ nights: 1, from: first.report.batch });
    const needed = changed.length + (ALWAYS.length - 1) + compared;
    expect(compared).toBeGreaterThan(0);
    const book = await readFile(batchFiles(lab.home, second.report.batch).carried, 'utf8');
    const proven = [...book.matchAll(/"kind":"proven".*?"document":"([^"]+)"/g)].map(([, page]) => page);
    expect(compared).toBe(new Set(proven).size); // a page that is compared again after the kill counts once
    expect(rendered).toBeGreaterThanOrEqual(needed);
    // And one a process and slot to know who asks.
    expect(rendered).toBeLessThanOrEqual(needed + 4);
    expect(carried).toBe(COMPLETED - rendered);
    expect(carried).toBeGreaterThan(COMPLETED / 5);
    expect(byDocument).toBeGreaterThan(0);
    expect(byDocument).toBeLessThan(UNDATED.length);
    expect(asked()).toHaveLength(rendered + byDocument + 1);
    expect(asked()).toEqual(expect.arrayContaining([...changed, ...ALWAYS]));
    // Two were at work when it was killed, and two more perhaps on their way to the disk: those are asked again.
    const since = site.asked.slice(requestsBefore);
    expect(askedBefore.filter((path) => since.includes(path)).length).toBeLessThanOrEqual(4);
    expect(second.report.pages).toEqual(first.report.pages);
    expect(second.report.rows).toEqual(first.report.rows);
    expect(second.report.quarantine).toEqual(first.report.quarantine);
    await expectTheTruth('2026-03-02');

    const { startedAt } = second.report.times;
    const marks = await lab.query(
      'nightly',
      '2026-03-02',
      `SELECT _carried_from AS batch, bool_or(_fetched_at < TIMESTAMP '${startedAt.slice(0, -1)}') AS old,
       bool_and(_batch = '${second.report.batch}') AS ours FROM FILES GROUP BY 1 ORDER BY 1 NULLS LAST`,
    );
    expect(marks).toEqual([
      { batch: first.report.batch, old: true, ours: true },
      { batch: null, old: false, ours: true },
    ]);
    const refused = await lab.lines('nightly', second.report.batch, 'quarantine.ndjson');
    expect(refused).toMatchObject([{ row: { slug: site.product(REFUSED).slug } }]);
  });

  test('a sitemap that lies is found out by the sample, and all is rendered', async () => {
    site.reprice({ every: 1 });
    const target = `${lab.dir}/targets/nightly.ts`;
    const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-03', args });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/"batch\.carried-undone"/);
    expect(report.incremental).toMatchObject({ carried: 0, rendered: COMPLETED, nights: 0 });
    expect(report.incremental?.full).toMatch(/\/p\/.* has changed, and its lastmod does not say so/);
    await expectTheTruth('2026-03-03');
  });

  longTest('a changed target renders everything', async () => {
    const target = await targetOf('nightly', incremental(0.3), read);
    const { report } = await runBatch(lab, target, { date: '2026-03-04', args });
    expect(report.incremental).toMatchObject({
      carried: 0,
      nights: 0,
      full: expect.stringMatching(/^the target has changed since nightly-/),
    });
  });
});

longOnly('of the demo shop', () => {
  const PRODUCTS = 52;
  let shop: Awaited<ReturnType<typeof startShop>>;
  let read: Read;

  beforeAll(async () => {
    shop = await startShop({ products: PRODUCTS, lastmod: '2020-01-01T00:00:00Z' });
    read = { url: shop.url, include: /\/p\//, ready: '[data-sku]' };
  });

  afterAll(() => shop?.stop());

  test('a night renders what changed and a sample, and delivers what a full one does', async () => {
    const target = await targetOf('shop-nightly', 'incremental: { sample: 0.05 },', read);
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
    const askedPages = Array.from({ length: PRODUCTS }, (_, number) => number).filter(
      (number) => (shop.log().rendered[shop.catalogue.pathOf(number)] ?? 0) > 0,
    );
    expect(askedPages).toHaveLength(rendered);
    expect(askedPages).toEqual(expect.arrayContaining([0, 50]));
    expect(second.report.rows).toEqual(first.report.rows);
    expect(second.report.quarantine).toEqual(first.report.quarantine);

    const truth = await runBatch(lab, await targetOf('truth', '', read), { date: '2026-03-02', args });
    expect(await rowsOf('shop-nightly', '2026-03-02')).toEqual(await rowsOf('truth', '2026-03-02'));
    const marks = await lab.query(
      'shop-nightly',
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
    const third = await runBatch(lab, target, { date: '2026-03-03', args });
    expect(third.report.incremental).toMatchObject({ nights: 2, from: second.report.batch });
    const origins = await lab.query(
      'shop-nightly',
      '2026-03-03',
      'SELECT DISTINCT _carried_from AS batch FROM FILES',
    );
    expect(origins.map(({ batch }) => batch)).toContain(first.report.batch);
    expect(await rowsOf('shop-nightly', '2026-03-03')).toEqual(await rowsOf('truth', '2026-03-02'));

    // The same by the other engine.
    const env = { THRESH_PARQUET: 'parquetjs' };
    const fourth = await runBatch(lab, target, { date: '2026-03-04', args, env });
    expect(fourth.report.engine).toBe('parquetjs');
    expect(await rowsOf('shop-nightly', '2026-03-04')).toEqual(await rowsOf('truth', '2026-03-02'));
    expect(
      await lab.query('shop-nightly', '2026-03-04', 'SELECT DISTINCT _carried_from AS batch FROM FILES'),
    ).toContainEqual({
      batch: first.report.batch,
    });
  });
});

longOnly('by documents alone', () => {
  const FEW = 24;
  let site: LightShop;

  const byDocument = (name: string, urls: string[], options: string): Promise<string> =>
    lab.target(
      name,
      `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string(), title: z.string(), price: z.string() }),
  key: ['slug'],
  discover: ${JSON.stringify(urls)},
  gate: { maxQuarantined: 0.5 },
  ${options}
});
`,
    );
  const reading = `data: { next: { embedded: '__NEXT_DATA__' } },
  extract({ data: { next } }) {
    const { product } = next.props.pageProps;
    return { ...product, price: String(product.price) };
  },`;
  async function expectTheTruth(date: string): Promise<void> {
    const sql = 'SELECT slug, title, price, _page_url FROM FILES ORDER BY slug';
    expect(await lab.query('documents', date, sql)).toEqual(
      Array.from({ length: FEW }, (_, number) => {
        const { slug, title, price = 'ask us' } = site.product(number);
        return { slug, title, price: String(price), _page_url: `${site.url}/p/${slug}` };
      }),
    );
  }
  const answered = (status: number): number => site.statuses.filter((one) => one === status).length;

  beforeAll(async () => {
    site = await startLightShop({ products: FEW });
  });
  afterAll(() => site?.stop());

  test('a page is asked whether it has changed, and rendered when it has; 429 has the night wait', async () => {
    const target = await byDocument(
      'documents',
      Array.from({ length: FEW }, (_, number) => `${site.url}/p/${site.product(number).slug}`),
      `incremental: { sample: 0.1, by: ['document'] }, ${reading}`,
    );
    const first = await runBatch(lab, target, { date: '2026-03-01', args });
    expect(first.report.incremental).toMatchObject({ carried: 0, asked: 0, rendered: FEW });
    site.reprice({ every: 12 });
    site.statuses.length = 0;
    const second = await runBatch(lab, target, { date: '2026-03-02', args });
    const { carried = 0, asked, rendered = 0, compared = 0, ...more } = second.report.incremental ?? {};
    expect(more).toEqual({ nights: 1, from: first.report.batch });
    expect(second.report.pages).toMatchObject({ completed: FEW, dead: 0 });
    expect(asked).toBe(carried);
    // Those that changed, samples, and one a process and slot to know who asks.
    expect(rendered).toBeLessThanOrEqual(3 + compared + 2);
    expect(carried + rendered).toBe(FEW);
    expect(answered(304)).toBe(carried + compared);
    expect(second.report.rows).toEqual(first.report.rows);
    await expectTheTruth('2026-03-02');

    // What was carried over is asked for again, by what it was known by.
    site.statuses.length = 0;
    site.settings.perSecond = 8;
    const third = await runBatch(lab, target, { date: '2026-03-03', args });
    expect(third.code, third.stderr).toBe(0);
    expect(third.report.pages).toMatchObject({ completed: FEW, dead: 0 });
    expect(third.report.incremental?.asked).toBeGreaterThan(FEW / 2);
    expect(answered(429)).toBeGreaterThan(0);
    await expectTheTruth('2026-03-03');
  });

  longTest(
    'a document that does not know of its page’s price is found out by the sample, and all is rendered',
    async () => {
      let price = 10;
      const unknowing = await startSmallServer(({ url = '', headers }, response) => {
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
  discover: Array.from({ length: 16 }, (_, page) => '${unknowing.url}/p/' + page),
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
        await unknowing.stop();
      }
    },
  );

  longTest('documents that are the same for every page are not gone by', async () => {
    const options = `incremental: { sample: 0, by: ['document'] }, ready: '[data-sku]',
  fields: { rows: 'article.product', fields: { slug: '@data-slug', title: '.title', price: '.price' } },`;
    const shop = await startShop({ products: 12, tagged: true });
    const urls = Array.from({ length: 12 }, (_, number) => shop.url + shop.catalogue.pathOf(number));
    const target = await byDocument('shells', urls, options);
    await runBatch(lab, target, { date: '2026-03-01', args });
    await shop.control({ repriced: { every: 7 } });
    const { report, stderr } = await runBatch(lab, target, { date: '2026-03-02', args });
    await shop.stop();
    expect(report.incremental).toMatchObject({
      carried: 0,
      asked: 0,
      rendered: 12,
      notAsked: expect.stringMatching(/^12 of 12 documents are known by what others are known by/),
    });
    expect(stderr).toMatch(/"notAsked":"12 of 12.*"batch\.night-planned"/);
  });
});
