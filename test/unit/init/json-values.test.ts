import { expect, test } from 'vitest';
import { fitOf, leavesOf, listsOf, valueAt } from '../../../src/init/json-values.js';
import type { Cell } from '../../../src/init/samples.js';

const PAGE = 'https://shop.example/p/1';
const cell = (more: Partial<Cell>): Cell => ({
  ...{ text: undefined, number: undefined, date: undefined, list: undefined },
  ...more,
});

test('values with the names that lead to them; of lists the first, and texts as a whole', () => {
  const root = { a: 1, b: { c: 'x', d: null }, tags: ['p', 'q'], many: [{ e: true }, { f: 1 }], none: [] };
  expect(leavesOf(root).map(({ path, value }) => [path.join('.'), value])).toEqual([
    ['a', 1],
    ['b.c', 'x'],
    ['tags', ['p', 'q']],
    ['tags.0', 'p'],
    ['many.0.e', true],
    ['none', []],
  ]);
  expect(valueAt(root, ['many', '0', 'e'])).toBe(true);
  expect(valueAt(root, ['b', 'd', 'g'])).toBeUndefined();
  expect(valueAt(root, ['constructor'])).toBeUndefined();
  expect(leavesOf(JSON.parse('{ "__proto__": { "a": 1 }, "toString": 2 }'))).toEqual([]);
});

test('lists of objects, the longest first', () => {
  const root = { items: [{}, {}], more: { items: [{}, {}, {}] }, texts: ['a'] };
  expect(listsOf(root).map(({ path }) => path.join('.'))).toEqual(['more.items', 'items']);
  expect(listsOf([{ a: 1 }])[0]?.path).toEqual([]);
});

test.each([
  [cell({ text: 'Lamp one' }), 'Lamp  one\n', 'same'],
  [cell({ text: '€1,204.50', number: 1_204.5 }), 1_204.5, 'same'],
  [cell({ text: '12.50', number: 12.5 }), '12.5', 'same'],
  [cell({ text: '★ 4.5 of 5' }), 4.46, 'within'],
  [cell({ text: '1,204 in stock' }), 1_204, 'within'],
  [cell({ text: 'Made of oak.' }), 'oak', 'within'],
  [cell({ text: 'soaked' }), 'oak', undefined],
  [cell({ text: 'no 4' }), 'no', undefined],
  [cell({ text: 'https://shop.example/i/1.png' }), '/i/1.png', 'address'],
  [cell({ date: new Date('2026-01-31'), text: 'x' }), '2026-01-31T00:00:00Z', 'same'],
  [cell({ list: ['a b', 'c'] }), ['a  b', 'c'], 'same'],
  [cell({ list: ['a', 'c'] }), ['a'], undefined],
  [cell({ text: 'true' }), true, 'same'],
  [cell({ text: 'a' }), null, undefined],
  [cell({}), 'a', undefined],
] as const)('%j is %j: %s', (shown, value, fit) => {
  expect(fitOf(shown, value, PAGE)).toBe(fit);
});
