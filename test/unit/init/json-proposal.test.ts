import { expect, test } from 'vitest';
import { columnsFrom } from '../../../src/init/columns.js';
import type { JsonAnswer } from '../../../src/init/json-answers.js';
import { type AskedSight, jsonProposal } from '../../../src/init/json-proposal.js';
import type { Proposal, ProposedField } from '../../../src/init/proposal.js';
import { type Cell, jsonSampleRows, type SampleRow } from '../../../src/init/samples.js';

const SHOP = 'https://shop.example';

const answer = (to: string, value: unknown, more: Partial<JsonAnswer> = {}): JsonAnswer => ({
  ...{ method: 'GET', url: `${SHOP}${to}`, shape: '', value },
  ...more,
});

/** As a page shows it: numbers also as such. */
const shown = (row: Record<string, string | string[]>): SampleRow =>
  new Map(
    Object.entries(row).map(([name, value]): [string, Cell] => {
      const number = typeof value === 'string' ? Number(value.replace(/[€,]/g, '')) : Number.NaN;
      return [
        name,
        {
          text: typeof value === 'string' ? value : undefined,
          number: Number.isNaN(number) ? undefined : number,
          date: undefined,
          list: typeof value === 'string' ? undefined : value,
        },
      ];
    }),
  );

const fieldOf = (name: string): ProposedField => {
  const kind = /image|link|url/i.test(name) ? 'link' : 'text';
  return { from: 'page', name, select: `.${name}`, attribute: null, kind, all: name === 'tags', by: 'class' };
};

function proposed(sights: readonly AskedSight[], isList = false) {
  const names = new Set(sights.flatMap(({ rows }) => rows.flatMap((row) => [...row.keys()])));
  const fields = [...names].map(fieldOf);
  const { columns } = columnsFrom(
    { fields } as Proposal,
    sights.flatMap(({ rows }) => rows),
  );
  return jsonProposal(columns, { isList, sights });
}

const SLUGS = ['red-lamp', 'old-oak', 'tea-pot'];
/** Of the first there is no price. */
const products = SLUGS.map((slug, at) => ({
  ...{ slug, title: `The ${slug}`, price: at === 0 ? null : at + 0.5, requestId: `r${at}` },
  ...{ seller: { id: at + 70, name: `Seller ${at}` }, tags: ['new', slug] },
}));
const sights: AskedSight[] = products.map(({ slug, title, price, seller, tags }, at) => ({
  url: `${SHOP}/p/${slug}`,
  rows: [
    shown({
      ...{ title, seller: `by ${seller.name}`, stock: `${at + 5} left`, tags },
      ...(price === null ? {} : { price: `€${price}` }),
      image: `${SHOP}/i/${slug}/1.png`,
    }),
  ],
  answers: [
    answer('/api/session', { user: null }),
    answer(`/api/products/${slug}`, products[at]),
    answer(`/api/products/${SLUGS[(at + 1) % 3]}`, products[(at + 1) % 3]), // goes well with it
    answer(`/api/products/${slug}/stock?now=${at}`, { stock: at + 5 }),
  ],
}));

test('a page whose values stand in its answers is read from these, whatever else it asked for', () => {
  const { proposal, lacks } = proposed(sights);
  expect(lacks).toEqual([]);
  expect(proposal?.json).toEqual({
    items: undefined,
    sources: [
      { name: 'product', pattern: '/api/products/[^/?#]+$', method: undefined, operation: undefined },
      {
        name: 'stock',
        pattern: '/api/products/[^/?#]+/stock(?:\\?|$)',
        method: undefined,
        operation: undefined,
      },
    ],
  });
  const fields = proposal?.fields.map(
    (field) =>
      `${field.name}: ${field.from === 'json' ? [field.source, ...field.path].join('.') : field.from}`,
  );
  expect(fields).toEqual(
    expect.arrayContaining([
      'title: product.title',
      'price: product.price',
      'sellerName: product.seller.name',
      'sellerId: product.seller.id', // beside what is shown
      'tags: product.tags',
      'stock: stock.stock',
      'image: product.slug',
    ]),
  );
  expect(fields?.join(' ')).not.toContain('requestId');
  if (proposal === undefined) throw new Error('nothing was proposed');
  const [row] = jsonSampleRows(proposal, sights[1] as AskedSight);
  expect(row?.get('image')?.text).toBe(`${SHOP}/i/old-oak/1.png`);
  expect(row?.get('price')?.number).toBe(1.5);
  const { columns, key } = columnsFrom(
    proposal,
    sights.flatMap((sight) => jsonSampleRows(proposal, sight)),
  );
  expect(columns.find(({ name }) => name === 'price')).toMatchObject({ kind: 'number', optional: true });
  expect(key).not.toEqual([]);
});

test('where there is no value the page may say so in words, when other rows show it', () => {
  const buy = ['Price on request', '€1.5', '€2.5'];
  const more = sights.map((sight, at) => ({
    ...sight,
    rows: sight.rows.map((row) => new Map([...row, ...shown({ buy: buy[at] ?? '' })])),
  }));
  expect(proposed(more)).toMatchObject({ lacks: [], proposal: { source: 'json' } });
});

test('what the answers lack is named, and nothing proposed', () => {
  const more = sights.map((sight, at) => ({
    ...sight,
    rows: sight.rows.map((row) => new Map([...row, ...shown({ rating: `${at}9 stars` })])),
  }));
  expect(proposed(more)).toEqual({ proposal: undefined, lacks: ['rating'] });
});

test('an answer that does not follow the page proposes nothing', () => {
  const same = sights.map((sight) => ({ ...sight, answers: [answer('/api/products', products[0])] }));
  expect(proposed(same).proposal).toBeUndefined();
  expect(proposed(sights.map((sight) => ({ ...sight, answers: [] })))).toEqual({
    proposal: undefined,
    lacks: [],
  });
});

test('a list is the list of objects that is as long as what the page shows', () => {
  const rows = products.map(({ title, tags }) => shown({ title, tags }));
  const list: AskedSight = {
    url: `${SHOP}/c/toys`,
    rows,
    answers: [answer('/api/lists/toys?page=1', { found: { items: products }, facets: [{ n: 1 }] })],
  };
  const { proposal } = proposed([list], true);
  expect(proposal).toMatchObject({
    ...{ source: 'json', isList: true, count: 3 },
    json: {
      items: ['found', 'items'],
      sources: [{ name: 'list', pattern: '/api/lists/[^/?#]+(?:\\?|$)' }],
    },
  });
  if (proposal === undefined) throw new Error('nothing was proposed');
  expect(jsonSampleRows(proposal, list).map((row) => row.get('slug')?.text)).toEqual(SLUGS);
});

test('an operation of GraphQL is known by its name', () => {
  const asked = sights.map((sight, at) => ({
    ...sight,
    answers: [
      answer('/graphql', { viewer: null }, { method: 'POST', operation: 'Viewer' }),
      answer(
        '/graphql',
        { product: products[at], stock: at + 5 },
        { method: 'POST', operation: 'ProductPage' },
      ),
    ],
  }));
  expect(proposed(asked).proposal?.json?.sources).toEqual([
    { name: 'productPage', pattern: '/graphql$', method: 'POST', operation: 'ProductPage' },
  ]);
});
