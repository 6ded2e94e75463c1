import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeColumns } from '../../../src/dataset/column.js';
import { columnsOf } from '../../../src/dataset/columns.js';
import { type DatasetSchema, schemaChange } from '../../../src/dataset/schema-change.js';

function schema(shape: z.ZodRawShape, key = ['sku']): DatasetSchema {
  const { columns, problems } = columnsOf(z.object({ sku: z.string(), ...shape }));
  expect(problems).toEqual([]);
  return { columns: describeColumns(columns), key };
}

const rich = {
  price: z.number(),
  tags: z.array(z.object({ name: z.string() })),
  specs: z.object({ weight: z.number(), 'a "b" (c': z.object({ 'x)': z.string() }) }),
  extra: z.record(z.string(), z.string()),
};
const before = schema(rich);
const { price: _price, ...unpriced } = rich;
const { specs: _specs, ...plain } = rich;

describe('readers break', () => {
  test.each<[string, DatasetSchema, string[]]>([
    ['a column gone', schema(unpriced), ['price is gone']],
    ['another type', schema({ ...rich, price: z.string() }), ['price was DOUBLE and is VARCHAR']],
    ['a whole number instead', schema({ ...rich, price: z.int() }), ['price was DOUBLE and is BIGINT']],
    ['a struct gone, said once', schema(plain), ['specs is gone']],
    ['a field gone', schema({ ...rich, specs: rich.specs.omit({ weight: true }) }), ['specs.weight is gone']],
    ['a list that is none', schema({ ...rich, tags: z.string() }), ['tags was a list and is VARCHAR']],
    [
      'an element of another type',
      schema({ ...rich, tags: z.array(z.object({ name: z.number() })) }),
      ['tags[].name was VARCHAR and is DOUBLE'],
    ],
    [
      'a value of another type',
      schema({ ...rich, extra: z.record(z.string(), z.number()) }),
      ['extra{} was VARCHAR and is DOUBLE'],
    ],
    ['another key', schema(rich, ['sku', 'price']), ['the key was sku and is sku, price']],
  ])('%s', (_name, now, breaking) => {
    expect(schemaChange(before, now).breaking).toEqual(breaking);
  });
});

describe('readers do not break', () => {
  test.each<[string, DatasetSchema, string[]]>([
    ['nothing changed', before, []],
    ['a column added', schema({ ...rich, stock: z.int() }), ['stock is new']],
    [
      'a field added',
      schema({ ...rich, specs: rich.specs.extend({ depth: z.object({ mm: z.number() }) }) }),
      ['specs.depth is new'],
    ],
    [
      'NULL where there was none',
      schema({ ...rich, price: z.number().optional() }),
      ['price may be NULL now'],
    ],
    ['another order', { ...before, columns: [...before.columns].reverse() }, []],
  ])('%s', (_name, now, harmless) => {
    expect(schemaChange(before, now)).toEqual({ breaking: [], harmless });
  });

  test('a key of fewer columns', () => {
    const two = schema(rich, ['sku', 'price']);
    expect(schemaChange(two, before).breaking).toEqual([]);
  });
});
