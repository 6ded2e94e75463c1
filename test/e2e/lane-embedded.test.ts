/** `lane: 'auto'` where rows come from JSON of the pages' own documents: the shop's log says what was asked for. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningShop, startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 48;
const MADE = 12;
const DATE = '2026-03-01';
const args = ['--concurrency', '2'];
let lab: Lab;
let shop: RunningShop;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
  lab = await openLab();
});

afterAll(async () => {
  await lab?.close();
  await shop?.stop();
});

const READ = {
  /** From the document alone, of pages that go on to ask for more. */
  sent: `sent: { next: { embedded: '__NEXT_DATA__' }, nuxt: { embedded: '__NUXT__' }, own: { embedded: 'script[data-state="stock"]' } },`,
  /** From both: what is asked for takes a value of the document. */
  mixed: `mixed: { ld: { embedded: 'json-ld' }, next: { embedded: '__NEXT_DATA__' }, more: /\\/more\\?/ },`,
  /** A script makes what the browser finds in the document. */
  made: `made: { next: { embedded: '__NEXT_DATA__' }, own: { embedded: 'script[data-state="stock"]' } },`,
};

function targetOf(name: string, labels: readonly (keyof typeof READ)[], more = ''): Promise<string> {
  const pages = labels.flatMap((label) => {
    const slugs = Array.from({ length: label === 'made' ? MADE : PRODUCTS }, (_, at) => slugAt(at));
    return [...slugs, ...(label === 'sent' ? ['never-made'] : [])].map((slug) => ({
      url: urlOf(slug, label),
      label,
    }));
  });
  return lab.target(
    name,
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

const price = ({ price, offer }) => String(offer === undefined ? price : offer.price);
const fromState = ({ data: { next, nuxt, own }, request: { url } }) => {
  const { product } = next.props.pageProps;
  if (nuxt !== undefined && nuxt.data.product.title !== product.title) throw new Error('two titles');
  return { page: url, sku: product.sku, title: product.title, price: price(product), stock: String(own.stock) };
};

export default defineTarget({
  name: '${name}',
  schema: z.object({ page: z.string(), sku: z.string(), title: z.string(), price: z.string(), stock: z.string() }),
  key: ['page'],
  discover: ${JSON.stringify(pages)},
  data: { ${labels.map((label) => READ[label]).join(' ')} },
  lane: 'auto',
  ${more}
  extract: {
    sent: fromState,
    made: fromState,
    mixed: ({ data: { ld, more }, request: { url } }) => {
      const { sku, name, offers } = ld.find((item) => item['@type'] === 'Product');
      return { page: url, sku, title: name, price: String(offers.price), stock: String(more.stock) };
    },
  },
});
`,
  );
}

const urlOf = (slug: string, label: string): string =>
  `${shop.url}/e/${slug}?${label === 'made' ? 'made' : `asks=${label}`}`;
const slugAt = (at: number): string => shop.catalogue.productAt(at).slug;

async function expectTheTruth(name: string, label: string, pages: number, date = DATE): Promise<void> {
  const truth = Array.from({ length: pages }, (_, at) => {
    const { slug, sku, title, price, stock } = shop.catalogue.productAt(at);
    return { page: urlOf(slug, label), sku, title, price: String(price), stock: String(stock) };
  });
  const rows = await lab.query(
    name,
    date,
    `select page, sku, title, price, stock from FILES where page like '%${label}' order by page`,
  );
  expect(rows).toEqual(truth.sort((one, other) => (one.page < other.page ? -1 : 1)));
}

/** How often the shop was asked for this, by the slug of the page that it was for. */
function timesAsked(is: (url: string) => boolean): number[] {
  const urls = shop.accessLog().flatMap(({ url }) => (is(url) ? [url] : []));
  return Array.from(
    { length: PRODUCTS },
    (_, at) =>
      urls.filter((url) => url.includes(`/${slugAt(at)}?`) || url.includes(`/${slugAt(at)}/`)).length,
  );
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

test('documents are asked for alone, with the answers that follow from them, and give what rendering gives', async () => {
  shop.clearLog();
  const target = await targetOf('embedded', ['sent', 'mixed', 'made']);
  const { code, report, stderr } = await runBatch(lab, target, { date: DATE, args });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ completed: 2 * PRODUCTS + MADE, gone: 1, dead: 0 });
  await expectTheTruth('embedded', 'sent', PRODUCTS);
  await expectTheTruth('embedded', 'mixed', PRODUCTS);
  await expectTheTruth('embedded', 'made', MADE);
  const { fetched = 0, rendered = 0, notLearned, off } = report.lane ?? {};
  expect(off).toBeUndefined();
  expect(notLearned).toEqual({
    'made, 2 segments': "own does not stand in the page's document as it is sent",
  });
  expect(stderr).toMatch(/own does not stand.*"batch\.lane-learned"/);
  expect(rendered - MADE).toBeLessThan(PRODUCTS);
  expect(fetched).toBeGreaterThan(PRODUCTS);

  // Who renders a page has its application ask for more; who fetches it asks for what is read.
  const [sent, mixed] = ['sent', 'mixed'].map((label) => ({
    documents: timesAsked((url) => url.startsWith('/e/') && url.endsWith(`asks=${label}`)),
    answers: timesAsked((url) => /^\/api\/.*\/more\?at=20/.test(url) && url.endsWith(`for=${label}`)),
  }));
  expect(Math.min(...(sent?.documents ?? []), ...(mixed?.documents ?? []))).toBeGreaterThanOrEqual(1);
  expect(sent?.answers.filter((count) => count === 0).length).toBeGreaterThan(PRODUCTS / 2);
  expect(mixed?.answers).toEqual(mixed?.documents);
  // Trials and samples are asked for twice.
  expect(sumOf(sent?.documents ?? [])).toBeLessThan(PRODUCTS * 1.3);
  const kinds = new Set(shop.accessLog().map(({ kind }) => kind));
  expect([...kinds].filter((kind) => !['document', 'api', 'robots'].includes(kind))).toEqual([]);
  console.log(
    `${fetched} of ${2 * PRODUCTS + MADE} pages fetched, ${rendered} rendered: ${JSON.stringify(report.lane?.renderedFor)}`,
  );
});

test('documents that change their shape in the middle are rendered until they are known again', async () => {
  await shop.control({ latencyMs: 30 });
  shop.clearLog();
  const target = await targetOf('reshaped', ['sent']);
  const running = runBatch(lab, target, { date: DATE, args });
  while (shop.log().pagesRendered < 20) await delay(10);
  await shop.control({ nested: true });
  const { code, report, stderr } = await running;
  expect(code, stderr).toBe(0);
  await expectTheTruth('reshaped', 'sent', PRODUCTS);
  expect(report.pages).toMatchObject({ completed: PRODUCTS, gone: 1, dead: 0 });
  expect(report.lane?.off).toBeUndefined();
  expect(report.lane?.renderedFor.doubt).toBeGreaterThan(0);
  expect(report.lane?.fetched).toBeGreaterThan(PRODUCTS / 3);

  const { stdout } = await lab.thresh(['check', target, '--json', '--pages', '5']);
  expect(JSON.parse(stdout).lane).toEqual([
    { of: 'sent, 2 segments', same: 5, pages: 5, renderMs: expect.any(Number), fetchMs: expect.any(Number) },
  ]);
});

longTest('the next night asks documents whether they have changed, and fetches those that have', async () => {
  await shop.control({ latencyMs: 0, nested: false, tagged: true });
  const target = await targetOf('nights', ['sent'], "incremental: { sample: 0, by: ['document'] },");
  const first = await runBatch(lab, target, { date: DATE, args });
  expect(first.report.lane?.fetched).toBeGreaterThan(PRODUCTS / 2);
  await shop.control({ repriced: { every: 4 } });
  const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-02', args });
  expect(code, stderr).toBe(0);
  await expectTheTruth('nights', 'sent', PRODUCTS, '2026-03-02');
  expect(report.incremental?.asked).toBeGreaterThan(PRODUCTS / 2);
  expect(report.lane?.fetched).toBeGreaterThan(4);
});
