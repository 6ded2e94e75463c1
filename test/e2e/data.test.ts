import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab } from '../support/lab.js';
import { isLong, longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';

/** The last of them is the only toy. */
const PRODUCTS = 6;
/** Those that are read. */
const NUMBERS = [0, 3, 5];
const READ = NUMBERS.length;
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

/** Product pages under `/AT/`, and one that does not exist. */
function urls(at: string): string {
  const slugs = NUMBERS.map((number) => shop.catalogue.productAt(number).slug);
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

const COLUMNS = 'slug, sku, title, price, stock';

async function expectTheTruth(name: string, label?: string): Promise<void> {
  const rows = await lab.query(
    name,
    date,
    `select ${COLUMNS} from FILES ${label === undefined ? '' : `where label = '${label}'`} order by slug`,
  );
  const truth = NUMBERS.map((number) => {
    const { slug, sku, title, price, stock } = shop.catalogue.productAt(number);
    return { slug, sku, title, price: String(price), stock: String(stock) };
  });
  expect(rows).toEqual(truth.sort((a, b) => (a.slug < b.slug ? -1 : 1)));
}

interface Reading {
  at: string;
  /** As code of a target. */
  data: string;
  extract: string;
}

/** Ways to read the same. */
const READINGS: Record<string, Reading> = {
  answers: {
    at: 'p',
    data: `{ product: /\\/api\\/products\\/[^/]+$/, more: /\\/more$/ }`,
    extract: '({ data: { product, more } }) => text({ ...product, stock: more.stock })',
  },
  operation: {
    at: 'g',
    data: `{ answer$: { answer: /\\/graphql$/, graphql: 'ProductPage' } }`,
    extract: '({ data }) => text(data.answer$.product)',
  },
  state: {
    at: 'e',
    data: `{
    ld: { embedded: 'json-ld' },
    next: { embedded: '__NEXT_DATA__' },
    nuxt: { embedded: '__NUXT__' },
    own: { embedded: 'script[data-state="stock"]' },
  }`,
    extract: `({ data: { ld, next, nuxt, own } }) => {
    const { sku, name, offers } = ld.find((item) => item['@type'] === 'Product');
    const { slug } = next.props.pageProps.product;
    if (nuxt.data.product.title !== name) throw new Error('two titles');
    return text({ slug, sku, title: name, price: offers.price, stock: own.stock });
  }`,
  },
};

test('by label: rows of answers, of an operation of GraphQL and of a state in the document are those of the catalogue; a page that lacks its data says which', async () => {
  const readings = Object.entries(READINGS);
  const pages = readings.flatMap(([label, { at }]) =>
    (JSON.parse(urls(at)) as string[]).map((url) => ({ url, label })),
  );
  // First, since it waits for what never comes, while the others are read.
  const login = { url: `${shop.url}/login`, label: 'answers' };
  const list = { url: `${shop.url}/c/toys`, label: 'list' };
  const file = await lab.target(
    'data-labels',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';

const text = (row) => ({ ...row, price: String(row.price), stock: String(row.stock) });
const labelled = (label, extract) => (context) => ({ ...extract(context), label });

export default defineTarget({
  name: 'data-labels',
  schema: z.object({
    label: z.string(), slug: z.string(), sku: z.string(), title: z.string(), price: z.string(), stock: z.string(),
  }),
  key: ['label', 'slug'],
  retries: 0,
  gate: { minCompleted: 0.5 },
  discover: ${JSON.stringify([login, ...pages, list])},
  timeoutMs: 10_000,
  gone: '[data-testid="not-found"]',
  data: {
    ${readings.map(([label, { data }]) => `${label}: ${data},`).join('\n    ')}
    list: { cards: /\\/api\\/categories\\/toys/ },
  },
  extract: {
    ${readings.map(([label, { extract }]) => `${label}: labelled('${label}', ${extract}),`).join('\n    ')}
    list: ({ data, follow }) => {
      for (const { slug } of data.cards.items) follow(\`/p/\${slug}?from=list\`, { label: 'answers' });
    },
  },
});
`,
  );
  const { code, report, stderr } = await runBatch(lab, file, { date });
  expect(code, stderr).toBe(0);
  // One of each kind does not exist; one that asks for no product is dead.
  expect(report.pages).toMatchObject({
    ...{ frontier: 3 * (READ + 1) + 3, completed: 3 * READ + 2, gone: 3, dead: 1 },
  });
  // There is one toy, and it is met twice.
  expect(report.rows).toMatchObject({ delivered: 3 * READ, duplicates: 1 });
  for (const label of Object.keys(READINGS)) await expectTheTruth('data-labels', label);
  const [dead] = await lab.lines('data-labels', report.batch, 'dead-letters.ndjson');
  expect(JSON.stringify(dead)).toContain('/login did not get its data: \\"product\\" did not come');
  expect(JSON.stringify(dead)).toContain('NOT_READY');

  if (!isLong) return;
  const again = await lab.thresh(['reextract', report.batch]);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain(`nothing was kept of ${report.batch}`);
  expect(again.stderr).toContain("keep: 'data'");
}, 240_000);

longTest('with as little loaded as they need, rows are those of the catalogue', async () => {
  const { at, data, extract } = READINGS.answers as Reading;
  const options = `data: ${data}, gone: '[data-testid="not-found"]', block: 'auto', extract: ${extract},`;
  const { code, report, stderr } = await runBatch(lab, await target('data-lean', at, options), { date });
  expect(code, stderr).toBe(0);
  expect(report.pages).toMatchObject({ completed: READ, gone: 1, dead: 0 });
  await expectTheTruth('data-lean');
});

test('debug lists the data answers, and says which is missing and why', async () => {
  const url = `${shop.url}${shop.catalogue.pathOf(0)}`;
  const extract = 'extract: ({ data }) => text({ ...data.product, stock: 1 }),';
  const good = await target(
    'data-looked-at',
    'p',
    `data: { product: /\\/api\\/products\\/[^/]+$/, more: { answer: /nothing/, optional: true } }, ${extract}`,
  );
  const never = `${shop.url}/p/never-made`;
  const lacking = await lab.thresh(['debug', good, never]);
  expect(lacking.code).toBe(1);
  expect(lacking.stdout).toContain('NOT_READY');
  expect(lacking.stdout).toMatch(/^answers {5}product: GET 404 \S+ {2}was answered 404$/m);
  if (!isLong) return;
  const { code, stdout, stderr } = await lab.thresh(['debug', good, url]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^answers {5}product: GET 200 http:\S+\/api\/products\/\S+ {2}\d+\.\d KB$/m);
  const json = await lab.thresh(['debug', good, url, '--json']);
  const sight = JSON.parse(json.stdout);
  expect(sight.answers).toMatchObject([{ name: 'product', method: 'GET', status: 200 }]);
  expect(json.stdout).not.toContain('"headers"');
}, 120_000);

longTest('data that is written wrongly is refused before anything is fetched', async () => {
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
