import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { casesOf } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 24;
const date = '2026-03-01';
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

/** Every product page under `/AT/`, and one that does not exist. */
function urls(at: string): string {
  const slugs = Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.productAt(number).slug);
  return JSON.stringify([...slugs, 'never-made'].map((slug) => `${shop.url}/${at}/${slug}`));
}

function target(name: string, at: string, options: string): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string(), sku: z.string(), title: z.string(), price: z.string(), stock: z.string() }),
  key: ['slug'],
  discover: ${urls(at)},
  ${options}
});

const text = (row) => ({ ...row, price: String(row.price), stock: String(row.stock) });
`,
  );
}

async function expectTheTruth(name: string): Promise<void> {
  const rows = await lab.query(name, date, 'select slug, sku, title, price, stock from FILES order by slug');
  const truth = Array.from({ length: PRODUCTS }, (_, number) => {
    const { slug, sku, title, price, stock } = shop.catalogue.productAt(number);
    return { slug, sku, title, price: String(price), stock: String(stock) };
  });
  expect(rows).toEqual(truth.sort((a, b) => (a.slug < b.slug ? -1 : 1)));
}

const READINGS: [string, string, string][] = [
  [
    'two answers, with as little loaded as they need',
    'p',
    `data: { product: /\\/api\\/products\\/[^/]+$/, more: /\\/more$/ },
  gone: '[data-testid="not-found"]',
  block: 'auto',
  extract: ({ data: { product, more } }) => text({ ...product, stock: more.stock }),`,
  ],
  [
    'an operation of GraphQL',
    'g',
    `data: { answer$: { answer: /\\/graphql$/, graphql: 'ProductPage' } },
  gone: '[data-testid="not-found"]',
  extract: ({ data }) => text(data.answer$.product),`,
  ],
  [
    'two answers',
    'p',
    `data: { product: /\\/api\\/products\\/[^/]+$/, more: /\\/more$/ },
  gone: '[data-testid="not-found"]',
  extract: ({ data: { product, more } }) => text({ ...product, stock: more.stock }),`,
  ],
  [
    'a state in the document',
    'e',
    `data: {
    ld: { embedded: 'json-ld' },
    next: { embedded: '__NEXT_DATA__' },
    nuxt: { embedded: '__NUXT__' },
    own: { embedded: 'script[data-state="stock"]' },
  },
  extract: ({ data: { ld, next, nuxt, own } }) => {
    const { sku, name, offers } = ld.find((item) => item['@type'] === 'Product');
    const { slug } = next.props.pageProps.product;
    if (nuxt.data.product.title !== name) throw new Error('two titles');
    return text({ slug, sku, title: name, price: offers.price, stock: own.stock });
  },`,
  ],
];
test.each(casesOf(READINGS, 2))(
  'rows read from %s are those of the catalogue',
  async (what, at, options) => {
    const name = `data-${what.replaceAll(/\W+/g, '-')}`.toLowerCase().slice(0, 40);
    const { code, report, stderr } = await runBatch(lab, await target(name, at, options), { date });
    expect(code, `${what}: ${stderr}`).toBe(0);
    expect(report.pages).toMatchObject({ completed: PRODUCTS, gone: 1, dead: 0 });
    await expectTheTruth(name);
  },
  240_000,
);

test('by label: pages with data and pages without, and a page that lacks its data says which', async () => {
  const file = await lab.target(
    'data-labels',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'data-labels',
  schema: z.object({ slug: z.string(), title: z.string() }),
  key: ['slug'],
  retries: 0,
  gate: { minCompleted: 0.5 },
  discover: [{ url: '${shop.url}/c/toys', label: 'list' }, { url: '${shop.url}/login', label: 'detail' }],
  timeoutMs: 9_000,
  data: { detail: { product: /\\/api\\/products\\/[^/]+$/ }, list: { cards: /\\/api\\/categories\\/toys/ } },
  extract: {
    detail: ({ data }) => ({ slug: data.product.slug, title: data.product.title }),
    list: ({ data, follow }) => {
      for (const { slug } of data.cards.items.slice(0, 2)) follow(\`/p/\${slug}\`, { label: 'detail' });
    },
  },
});
`,
  );
  const { code, report, stderr } = await runBatch(lab, file, { date });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ frontier: 4, completed: 3, dead: 1 });
  expect(report.rows.delivered).toBe(2);
  const [dead] = await lab.lines('data-labels', report.batch, 'dead-letters.ndjson');
  expect(JSON.stringify(dead)).toContain('/login did not get its data: \\"product\\" did not come');
  expect(JSON.stringify(dead)).toContain('NOT_READY');
}, 120_000);

test('debug lists the data answers, and says which is missing and why', async () => {
  const url = `${shop.url}${shop.catalogue.pathOf(0)}`;
  const extract = 'extract: ({ data }) => text({ ...data.product, stock: 1 }),';
  const good = await target(
    'data-looked-at',
    'p',
    `data: { product: /\\/api\\/products\\/[^/]+$/, more: { answer: /nothing/, optional: true } }, ${extract}`,
  );
  const { code, stdout, stderr } = await lab.thresh(['debug', good, url]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^answers {5}product: GET 200 http:\S+\/api\/products\/\S+ {2}\d+\.\d KB$/m);
  const never = `${shop.url}/p/never-made`;
  const lacking = await lab.thresh(['debug', good, never]);
  expect(lacking.code).toBe(1);
  expect(lacking.stdout).toContain('NOT_READY');
  expect(lacking.stdout).toMatch(/^answers {5}product: GET 404 \S+ {2}was answered 404$/m);
  const json = await lab.thresh(['debug', good, url, '--json']);
  const sight = JSON.parse(json.stdout);
  expect(sight.answers).toMatchObject([{ name: 'product', method: 'GET', status: 200 }]);
  expect(json.stdout).not.toContain('"headers"');
}, 120_000);

test('data that is written wrongly is refused before anything is fetched', async () => {
  const file = await target(
    'data-wrong',
    'p',
    `data: { product: '/api/', 'a b': /x/ }, extract: () => ({}),`,
  );
  const { code, stderr } = await lab.thresh(['run', file]);
  expect(code).toBe(2);
  expect(stderr).toContain('data.product is no source (');
  expect(stderr).toContain('data.a b is no name to write data.NAME with (');
});
