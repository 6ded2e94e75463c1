import { expect, test } from 'vitest';
import { type CapturedAnswer, MAX_ANSWER_LENGTH } from '../../../src/data-lane/captured.js';
import { pageDataOf } from '../../../src/data-lane/page-data.js';
import { type DataSources, dataSourcesOf } from '../../../src/target/data-source.js';

const answer = (name: string, text: string, more: Partial<CapturedAnswer> = {}): CapturedAnswer => ({
  name,
  request: { method: 'GET', url: `http://s/${name}`, headers: {}, body: undefined },
  status: 200,
  contentType: 'application/json',
  text,
  ...more,
});
const read = (sources: DataSources, ...answers: CapturedAnswer[]) =>
  pageDataOf(dataSourcesOf(sources, undefined), answers);

test('the first good answer of each, or all of them', () => {
  const sources = { one: /one/, many: { answer: /many/, all: true } };
  const { data, missing } = read(
    sources,
    answer('one', '{}', { status: 500 }),
    answer('one', '{"n":1}'),
    answer('one', '{"n":2}'),
    answer('many', '[1]'),
    answer('many', 'no'),
    answer('many', '[2]'),
  );
  expect(missing).toEqual([]);
  expect(data).toEqual({ one: { n: 1 }, many: [[1], [2]] });
});

test('what is missing is said, with why; what is optional is not', () => {
  const sources = {
    product: /p/,
    page: /p/,
    price: /p/,
    empty: /p/,
    large: /p/,
    more: { answer: /m/, optional: true },
  };
  const { data, missing } = read(
    sources,
    answer('price', '<html>', { contentType: 'text/html' }),
    answer('page', '{}', { status: 404 }),
    answer('empty', ' '),
    answer('large', ' '.repeat(MAX_ANSWER_LENGTH + 1)),
    answer('more', 'nothing', { status: 500 }),
  );
  expect(data).toEqual({});
  expect(missing).toEqual([
    { name: 'product', why: 'did not come' },
    { name: 'page', why: 'was answered 404' },
    { name: 'price', why: 'is no JSON (text/html)' },
    { name: 'empty', why: 'was answered without content' },
    { name: 'large', why: 'is larger than 16 MB' },
  ]);
});

test('nothing that is answered becomes anything else than data', () => {
  const { data } = read(
    { a: /a/, b: /b/ },
    answer(
      'a',
      '{"__proto__":{"polluted":1},"in":[{"__pr\\u006fto__":{"polluted":1},"constructor":{"x":1}}]}',
    ),
    answer('b', 'null'),
  );
  const { a } = data;
  expect(JSON.stringify(a)).toBe('{"in":[{"constructor":{"x":1}}]}');
  expect((Object.assign({}, a) as { polluted?: number }).polluted).toBeUndefined();
  expect(data.b).toBeNull();
});

test('guards that keep others from running an answer are taken off', () => {
  const { data } = read({ a: /a/, b: /b/ }, answer('a', ")]}',\n[1]"), answer('b', '\uFEFF{"b":2}'));
  expect(data).toEqual({ a: [1], b: { b: 2 } });
});

test('JSON nested beyond all measure is refused, and takes neither stack nor time', () => {
  const nested = (depth: number): string => `${'['.repeat(depth)}{"__proto__":1}${']'.repeat(depth)}`;
  const started = performance.now();
  const { missing } = read(
    { a: /a/, b: /b/ },
    answer('a', nested(MAX_ANSWER_LENGTH / 2 - 100)),
    answer('b', nested(9_000)),
  );
  expect(missing).toEqual([{ name: 'a', why: 'is no JSON (application/json)' }]);
  expect(performance.now() - started).toBeLessThan(10_000);
  const text = JSON.stringify([...Array(300_000).keys()].map(() => '["\\"[['));
  expect(read({ a: /a/ }, answer('a', text)).missing).toEqual([]);
});
