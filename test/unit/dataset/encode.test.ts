import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { columnsOf } from '../../../src/dataset/columns.js';
import { decimalText, unscaledOf } from '../../../src/dataset/decimal-text.js';
import { encodeRow, RowNotStorableError } from '../../../src/dataset/encode.js';
import { dayText, instantText, microsOf } from '../../../src/dataset/instant-text.js';

function encode(shape: z.ZodRawShape, row: Record<string, unknown>) {
  return encodeRow(columnsOf(z.object(shape)).columns, row);
}

function issuesOf(shape: z.ZodRawShape, row: Record<string, unknown>) {
  try {
    encode(shape, row);
  } catch (error) {
    if (error instanceof RowNotStorableError) return error.issues;
    throw error;
  }
  return [];
}

describe('encodeRow', () => {
  test('gives JSON-safe values', () => {
    const shape = {
      at: z.date(),
      id: z.int64(),
      sum: z.string().meta({ parquet: 'decimal(9,2)' }),
      missing: z.string().optional(),
      nothing: z.string().nullable(),
      list: z.array(z.date().optional()),
      labels: z.record(z.string(), z.int64().nullable()),
      inner: z.object({ day: z.date().meta({ parquet: 'date' }), gone: z.string().optional() }),
    };
    const encoded = encode(shape, {
      at: new Date(0),
      id: 2n ** 63n - 1n,
      sum: '12.5',
      missing: undefined,
      nothing: null,
      list: [new Date(1), undefined],
      labels: JSON.parse('{"__proto__": null}'),
      inner: { day: new Date('2024-02-29T23:59:59.999Z'), extra: 1 },
      extra: 'no column',
    });
    expect(JSON.stringify(encoded)).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","id":"9223372036854775807","sum":"12.50","list":["1970-01-01T00:00:00.001Z",null],"labels":{"__proto__":null},"inner":{"day":"2024-02-29"}}',
    );
  });

  test('text becomes well formed and zero loses its sign', () => {
    const encoded = encode(
      { text: z.string(), n: z.number(), i: z.int() },
      { text: 'a\ud800😀\udc00', n: -0, i: -0 },
    );
    expect(encoded.text).toBe('a\uFFFD😀\uFFFD');
    expect(Object.is(encoded.n, 0) && Object.is(encoded.i, 0)).toBe(true);
  });

  test('a field is only the row’s own', () => {
    expect(encode({ constructor: z.string().optional(), toString: z.string().optional() }, {})).toEqual({});
  });

  test.each<[string, z.ZodType, unknown]>([
    ['an invalid date', z.date(), new Date(Number.NaN)],
    ['a year over 9999', z.date(), new Date('+010000-01-01T00:00:00Z')],
    ['a year before 0001', z.date(), new Date('0000-12-31T00:00:00Z')],
    ['an unsafe integer', z.union([z.int(), z.int64()]), 2 ** 53],
    ['a bigint over int64', z.int64(), 2n ** 63n],
    ['a bigint under int64', z.int64(), -(2n ** 63n) - 1n],
    ['a bigint of 39 digits', z.bigint(), 10n ** 38n],
    ['a fraction that would be rounded', z.string().meta({ parquet: 'decimal(18,2)' }), '1.005'],
    ['too many digits', z.string().meta({ parquet: 'decimal(4,2)' }), '100.00'],
    ['no number', z.string().meta({ parquet: 'decimal(4,2)' }), 'n/a'],
    ['an infinite number', z.any().meta({ parquet: 'double' }), Number.POSITIVE_INFINITY],
    ['NaN', z.any().meta({ parquet: 'double' }), Number.NaN],
    ['another type than declared', z.any().meta({ parquet: 'boolean' }), 'yes'],
    ['null where declared', z.any().meta({ parquet: 'boolean' }), null],
    ['a time without a zone', z.string().meta({ parquet: 'timestamp' }), '2024-01-01T00:00:00'],
    ['nanoseconds', z.iso.datetime().meta({ parquet: 'timestamp' }), '2024-01-01T00:00:00.123456789Z'],
    ['a day that is none', z.string().meta({ parquet: 'date' }), '2023-02-29'],
  ])('%s sends the row to quarantine', (_name, schema, value) => {
    const issues = issuesOf(
      { ok: z.string(), list: z.array(z.object({ v: schema })) },
      { ok: 'a', list: [{ v: value }] },
    );
    expect(issues).toMatchObject([{ path: 'list[0].v', code: 'not_storable' }]);
  });

  test('names every value that does not fit, and is a failure of the row alone', () => {
    const shape = { a: z.date(), b: z.int64(), c: z.record(z.string(), z.number()) };
    const row = { a: new Date(Number.NaN), b: 2n ** 64n, c: { x: Number.NaN } };
    expect(issuesOf(shape, row).map((issue) => issue.path)).toEqual(['a', 'b', 'c.x']);
    expect(() => encode(shape, row)).toThrow(
      expect.objectContaining({ code: 'EXTRACT_INVALID', scope: 'row' }),
    );
  });

  test('keys that become one are refused instead of one of them lost', () => {
    const issues = issuesOf({ c: z.record(z.string(), z.number()) }, { c: { '\ud800': 1, '\ud801': 2 } });
    expect(issues).toMatchObject([{ path: 'c{}' }]);
  });
});

describe('decimalText', () => {
  test('keeps the value of every decimal that fits and refuses the others', () => {
    const decimal = fc.record({
      unscaled: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
      digits: fc.nat(12),
      precision: fc.integer({ min: 1, max: 38 }),
      scale: fc.nat(38),
    });
    fc.assert(
      fc.property(decimal, ({ unscaled, digits, precision, scale }) => {
        fc.pre(scale <= precision);
        const magnitude = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(digits + 1, '0');
        const point = magnitude.length - digits;
        const text = `${unscaled < 0n ? '-' : ''}${magnitude.slice(0, point)}${digits > 0 ? '.' : ''}${magnitude.slice(point)}`;
        const exact = unscaled * 10n ** BigInt(scale);
        const divisor = 10n ** BigInt(digits);
        const fits =
          exact % divisor === 0n && (exact / divisor).toString().replace('-', '').length <= precision;
        const result = decimalText(text, precision, scale);
        if (!fits && exact !== 0n) return result === undefined;
        return result !== undefined && unscaledOf(result) === exact / divisor;
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['1e3', 5, 0, '1000'],
    ['1.5E-2', 5, 3, '0.015'],
    ['00012', 2, 0, '12'],
    ['-0.00', 5, 2, '0.00'],
    ['+7', 1, 0, '7'],
    ['1e999', 38, 0, undefined],
    ['1e-999', 38, 38, undefined],
    ['', 5, 2, undefined],
    [' 1', 5, 2, undefined],
    ['1,5', 5, 2, undefined],
    ['0x10', 5, 2, undefined],
    ['.5', 5, 2, undefined],
  ])('%j as decimal(%i,%i) is %j', (text, precision, scale, expected) => {
    expect(decimalText(text, precision, scale)).toBe(expected);
  });
});

describe('instants and days', () => {
  test('an instant keeps its microseconds', () => {
    const micros = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });
    fc.assert(
      fc.property(micros, (value) => {
        const ms = value / 1000n - (value % 1000n < 0n ? 1n : 0n);
        const rest = (value - ms * 1000n).toString().padStart(3, '0');
        const text = `${new Date(Number(ms)).toISOString().slice(0, -1)}${rest}Z`;
        const kept = instantText(text);
        return kept !== undefined && microsOf(kept) === value;
      }),
    );
  });

  test('a day is one only when it exists', () => {
    expect([
      dayText('2024-02-29'),
      dayText('2023-02-29'),
      dayText('2024-1-1'),
      dayText('0000-01-01'),
    ]).toEqual(['2024-02-29', undefined, undefined, undefined]);
    expect(instantText('2024-02-30T00:00:00Z')).toBeUndefined();
    expect(instantText('2024-01-01T00:00+02:00')).toBe('2023-12-31T22:00:00.000Z');
  });
});
