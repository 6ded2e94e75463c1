import { expect, test } from 'vitest';
import { operationResult, operationsOf } from '../../../src/data-lane/graphql.js';
import { sourcesFor } from '../../../src/data-lane/match.js';
import { type DataSources, dataSourcesOf } from '../../../src/target/data-source.js';

const names = (sources: DataSources, request: { method?: string; url: string; body?: string }): string[] =>
  sourcesFor({ method: 'GET', body: undefined, ...request }, dataSourcesOf(sources, undefined)).map(
    ({ name }) => name,
  );

test('by the URL, whatever state the pattern is in', () => {
  const sources = { product: /\/api\/products\/[^/]+$/g, list: { answer: /\/api\/categories\// } };
  for (const _ of [1, 2, 3])
    expect(names(sources, { url: 'http://s/api/products/tea-1' })).toEqual(['product']);
  expect(names(sources, { url: 'http://s/api/categories/tea?page=1' })).toEqual(['list']);
  expect(names(sources, { url: 'http://s/api/products/tea-1/more' })).toEqual([]);
  expect(names(sources, { url: `http://s/${'x'.repeat(9_000)}/api/products/1` })).toEqual([]);
});

test('preflights are nobody’s, and a method has to fit', () => {
  const sources = { any: /\/api/, posted: { answer: /\/api/, method: 'post' } };
  expect(names(sources, { method: 'OPTIONS', url: 'http://s/api' })).toEqual([]);
  expect(names(sources, { method: 'GET', url: 'http://s/api' })).toEqual(['any']);
  expect(names(sources, { method: 'POST', url: 'http://s/api' })).toEqual(['any', 'posted']);
});

test('GraphQL by the operation: named, written in the query, in a batch, in a GET, hashed', () => {
  const sources = { product: { answer: /\/graphql/, graphql: 'Product' } };
  const posted = (body: unknown): string[] =>
    names(sources, { method: 'POST', url: 'http://s/graphql', body: JSON.stringify(body) });
  expect(posted({ operationName: 'Product', query: '{ a }' })).toEqual(['product']);
  expect(posted({ query: 'fragment F on T { a }\nquery Product($id: ID!) { a }' })).toEqual(['product']);
  expect(posted([{ operationName: 'Menu' }, { operationName: 'Product' }])).toEqual(['product']);
  expect(posted({ operationName: 'Product', extensions: { persistedQuery: { sha256Hash: 'ab' } } })).toEqual([
    'product',
  ]);
  expect(posted({ operationName: 'Menu', query: 'query Product { a }' })).toEqual([]);
  expect(names(sources, { url: 'http://s/graphql?operationName=Product' })).toEqual(['product']);
  expect(names(sources, { method: 'POST', url: 'http://s/graphql', body: '--form-data' })).toEqual([]);
  expect(names(sources, { method: 'POST', url: 'http://s/graphql' })).toEqual([]);
});

test('of a batch the operation’s own part is taken; an error without data is no answer', () => {
  const request = {
    method: 'POST',
    url: 'http://s/graphql',
    body: JSON.stringify([{ operationName: 'Menu' }, { operationName: 'Product' }]),
  };
  expect(operationsOf(request)).toEqual(['Menu', 'Product']);
  expect(operationResult([{ data: { menu: 1 } }, { data: { a: 2 } }], 1)).toEqual({
    ok: true,
    value: { a: 2 },
  });
  expect(operationResult({ errors: [{ message: 'PersistedQueryNotFound' }] }, 0)).toEqual({
    ok: false,
    why: 'was answered without data: "PersistedQueryNotFound"',
  });
  expect(operationResult({ data: null }, 0)).toMatchObject({ ok: false });
  expect(operationResult(null, 0)).toMatchObject({ ok: false });
});

test('by label, and nothing for a label that has none', () => {
  const data = { detail: { product: /\/p/ }, list: {} };
  expect(dataSourcesOf(data, 'detail').map(({ name }) => name)).toEqual(['product']);
  expect(dataSourcesOf(data, 'list')).toEqual([]);
  expect(dataSourcesOf(data, undefined)).toEqual([]);
  expect(dataSourcesOf(data, 'toString')).toEqual([]);
  expect(dataSourcesOf(undefined, 'detail')).toEqual([]);
});
