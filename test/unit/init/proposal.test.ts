import { expect, test } from 'vitest';
import type { FoundField, FoundPage, FoundRows } from '../../../src/init/found.js';
import { choose, withFieldsOf } from '../../../src/init/proposal.js';

const fields = (...names: string[]): FoundField[] =>
  names.map((name) => ({ name, select: `.${name}`, attribute: null, kind: 'text', all: false, by: 'class' }));

const rowsOf = (changed: Partial<FoundRows>): FoundRows => ({
  source: 'repeated',
  rows: '.card',
  type: null,
  count: 24,
  fields: fields('sku', 'title', 'price'),
  root: null,
  isBeside: false,
  ...changed,
});

const pageOf = (changed: Partial<FoundPage>): FoundPage => ({
  url: 'https://shop.example/p/1',
  title: 'One',
  jsonLd: [],
  meta: [],
  rows: [],
  links: [],
  ...changed,
});

const single = rowsOf({
  source: 'page',
  rows: null,
  count: 1,
  root: 'article',
  fields: fields('sku', 'title', 'price', 'stock', 'description'),
});
const product = JSON.stringify({
  '@type': 'Product',
  name: 'Lamp',
  sku: 'x',
  offers: { price: 1, priceCurrency: 'EUR' },
});

test('JSON-LD is believed before what is drawn', () => {
  const { proposal, findings } = choose(pageOf({ jsonLd: [product], rows: [single] }));
  expect(proposal).toMatchObject({ source: 'json-ld', type: 'Product', isList: false });
  expect(findings.map(({ source }) => source)).toEqual(['json-ld', 'page']);
});

test('a list is many rows; what goes well with a product is not', () => {
  expect(
    choose(pageOf({ rows: [rowsOf({}), { ...single, root: null, fields: fields('title') }] })).proposal,
  ).toMatchObject({ source: 'repeated', rows: '.card', isList: true });
  expect(choose(pageOf({ rows: [rowsOf({ isBeside: true }), single] })).proposal?.source).toBe('page');
});

test('a list of bare addresses in JSON-LD gives way to the cards', () => {
  const list = JSON.stringify({
    '@type': 'ItemList',
    itemListElement: [1, 2, 3].map((position) => ({
      '@type': 'ListItem',
      position,
      url: `https://x.example/${position}`,
    })),
  });
  expect(choose(pageOf({ jsonLd: [list], rows: [rowsOf({})] })).proposal?.source).toBe('repeated');
});

test('a page that is one row has what its head says as well', () => {
  const meta = [
    { name: 'og:title', select: 'meta[property="og:title"]', attribute: null, content: 'One' },
    { name: 'canonical', select: 'link[rel="canonical"]', attribute: 'href', content: '/p/1' },
  ];
  const { proposal } = choose(pageOf({ meta, rows: [single] }));
  expect(proposal?.fields.map(({ name, from }) => `${from} ${name}`)).toEqual([
    'page sku',
    'page title',
    'page price',
    'page stock',
    'page description',
    'meta url',
  ]);
});

test('nothing is proposed of nothing', () => {
  expect(choose(pageOf({})).proposal).toBeUndefined();
  expect(choose(pageOf({ rows: [rowsOf({ count: 2 })] })).proposal).toBeUndefined();
});

test('fields of another page of the kind are added, those of another kind are not', () => {
  const { proposal } = choose(pageOf({ rows: [single] }));
  if (proposal === undefined) throw new Error('nothing proposed');
  const richer = choose(
    pageOf({ rows: [{ ...single, fields: [...single.fields, ...fields('rating', 'Title')] }] }),
  );
  expect(withFieldsOf(proposal, richer.proposal).fields.map(({ name }) => name)).toEqual([
    'sku',
    'title',
    'price',
    'stock',
    'description',
    'rating',
  ]);
  expect(withFieldsOf(proposal, choose(pageOf({ rows: [rowsOf({})] })).proposal)).toBe(proposal);
  expect(withFieldsOf(proposal, undefined)).toBe(proposal);
});
