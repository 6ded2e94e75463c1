import { expect, test } from 'vitest';
import { dataProblems, documentProblems } from '../../../src/target/data-rules.js';

const said = (data: unknown, more: Record<string, unknown> = {}): string[] =>
  dataProblems({ data, extract: () => ({}), ...more }).map(({ path, message, mend }) => {
    expect(mend).not.toBe('');
    return `${path} ${message}`;
  });

test('what is meant is taken', () => {
  expect(said(undefined)).toEqual([]);
  expect(
    said({ product: /p/, more: { answer: /m/, method: 'POST', graphql: 'More', all: true, optional: true } }),
  ).toEqual([]);
  expect(said({ ld: { embedded: 'json-ld' }, state: { embedded: 'script#state', all: true } })).toEqual([]);
  expect(said({ detail: { product: /p/ }, list: {} })).toEqual([]);
});

test('what is unclear is refused', () => {
  expect(said({})).toEqual(['data names nothing']);
  expect(said({ list: {}, detail: {} })).toEqual(['data names nothing for any label']);
  expect(said(/p/)).toEqual(['data must be an object of sources by name']);
  expect(said({ answer: /p/ })).toEqual(['data must be an object of sources by name']);
  expect(said({ product: /p/, list: { cards: /c/ } })).toEqual([
    'data.list is no source, and product beside it is one',
  ]);
  expect(said({ detail: { method: /p/ } })).toEqual([
    'data.detail.method has the name of an option of a source',
  ]);
  expect(said({ detail: { answer: /p/ }, list: { answer: 'x' } })).toEqual([
    "data.list.answer must be a RegExp on the answer's URL",
  ]);
  expect(said({ product: '/api/' })).toEqual(['data.product is no source']);
  expect(said({ detail: { product: '/api/' } })).toEqual(['data.detail.product is no source']);
  expect(said({ 'a b': /p/, ['__proto__']: /p/ })).toEqual([
    'data.a b is no name to write data.NAME with',
    'data.__proto__ is no name to write data.NAME with',
  ]);
});

test('an option that does not exist, or is not what it says', () => {
  expect(
    said({ a: { answer: /a/, graphQL: 'A' }, b: { answer: /b/, method: 'GET /', graphql: 'a b', all: 1 } }),
  ).toEqual([
    'data.a.graphQL is no option',
    'data.b.method must be a method of HTTP',
    "data.b.graphql must be an operation's name",
    'data.b.all must be true or false',
  ]);
  expect(said({ a: { embedded: 'div script' }, b: { embedded: 'json-ld', method: 'GET' } })).toEqual([
    'data.a.embedded must name script elements',
    'data.b.method is no option',
  ]);
});

test('what it does not go with', () => {
  expect(said({ a: /a/ }, { fields: {}, navigate: 'soft' })).toEqual([
    'data stands beside fields, which read the page itself',
    "navigate is 'soft', which does not go with data: an application need not ask for what it has",
  ]);
  expect(said({ a: /a/ }, { block: 'auto', keep: 'data' })).toEqual([]);
  expect(said({ a: /a/ }, { keep: 'html' })).toEqual([
    "keep is 'html', in which the answers that data names do not stand",
  ]);
  expect(said(undefined, { keep: 'data' })).toEqual(["keep is 'data', and there is no data"]);
  expect(said(undefined, { keep: 'html' })).toEqual([]);
});

test('nights that go by documents want rows that stand there', () => {
  const told = (more: Record<string, unknown>): string[] =>
    documentProblems({ incremental: { by: ['lastmod', 'document'] }, ...more }).map(
      ({ path, message }) => `${path} ${message}`,
    );
  expect(told({ fields: {} })).toEqual([]);
  expect(told({ data: { next: { embedded: '__NEXT_DATA__' } } })).toEqual([]);
  const answers = [
    "incremental.by has 'document', and rows come from answers, of which a page's document knows nothing",
  ];
  expect(told({ data: { product: /a/ } })).toEqual(answers);
  expect(told({ data: { list: {}, detail: { product: { answer: /a/ } } } })).toEqual(answers);
  expect(told({ navigate: 'soft' })).toEqual([
    "incremental.by has 'document', and with navigate: 'soft' pages have none of their own",
  ]);
  expect(told({ data: { product: /a/ }, incremental: { by: ['lastmod'] } })).toEqual([]);
});
