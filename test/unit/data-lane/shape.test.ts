import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { departureOf, merged, shapeOf } from '../../../src/data-lane/shape.js';

const product = { sku: 'a', price: 1, tags: ['x'], specs: { extra: { Colour: 'red' } }, listedAt: null };
const others = [
  { ...product, tags: [], specs: { extra: { Size: 'M' } }, listedAt: '2026-01-01' },
  { ...product, specs: { extra: {} } },
];
const shape = [product, ...others].map((value) => shapeOf(value)).reduce(merged);

describe('a departure', () => {
  const cases: [string, unknown, string | undefined][] = [
    ['the same again', { ...product, price: 2.5 }, undefined],
    [
      'other names in an object whose names differ',
      { ...product, specs: { extra: { Weight: '1 kg' } } },
      undefined,
    ],
    ['a field that is gone', { sku: 'a', price: 1, tags: [], specs: { extra: {} } }, 'it has no listedAt'],
    ['a field more', { ...product, error: 'who are you' }, 'it has error'],
    ['another type', { ...product, price: '1' }, 'price is string, where it was number'],
    ['null where it never was', { ...product, sku: null }, 'sku is null, where it was string'],
    ['another answer altogether', [], 'it is list, where it was object'],
    [
      'an item of another type',
      { ...product, tags: ['x', 1] },
      'an item of tags is number, where it was string',
    ],
  ];
  for (const [what, value, said] of cases) {
    it(what, () => {
      expect(departureOf(shape, value)).toBe(said);
    });
  }

  it('is an empty list where none ever was', () => {
    expect(departureOf(shapeOf({ items: [1] }), { items: [] })).toBe('items is empty');
  });
});

it('no value departs from a shape that it is part of', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 6 }), { minLength: 1, maxLength: 6 }), (values) => {
      const all = values.map((value) => shapeOf(value)).reduce(merged);
      for (const value of values) expect(departureOf(all, value)).toBeUndefined();
    }),
    { numRuns: 500, endOnFailure: true },
  );
});
