/** Random schemas and rows: zod value -> encoder -> Parquet by both engines -> DuckDB -> the same value. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { firstRows } from '../../../src/dataset/read-back.js';
import { isLong } from '../../support/long.js';
import { describeFiles, ENGINES, parquetList, query, storeRows } from './row-files.js';

/** A schema, values that it accepts, and what a reader must get for each. */
interface Kind {
  schema: z.ZodType;
  value: fc.Arbitrary<unknown>;
  expected(value: unknown): unknown;
}

const same = (value: unknown) => value;
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(
    '',
    '\u0000',
    '"',
    '\\',
    '\n',
    '\u2028',
    'NULL',
    '{}',
    '[]',
    'true',
    '1',
    '2024-01-01',
    '__proto__',
  ),
);

const SCALARS: Kind[] = [
  { schema: z.string(), value: text, expected: same },
  {
    schema: z.number(),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    expected: (value) => (value as number) + 0,
  },
  { schema: z.int(), value: fc.maxSafeInteger(), expected: (value) => (value as number) + 0 },
  {
    schema: z.int64(),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    expected: (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value),
  },
  {
    schema: z.bigint(),
    value: fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
    expected: String,
  },
  { schema: z.boolean(), value: fc.boolean(), expected: same },
  {
    schema: z.date(),
    value: fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    }),
    expected: same,
  },
  {
    schema: z.iso.date().meta({ parquet: 'date' }),
    value: fc
      .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
    expected: same,
  },
  {
    schema: z.string().meta({ parquet: 'decimal(18,2)' }),
    value: fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }).map((cents) => {
      const digits = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
      return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
    }),
    expected: same,
  },
];

function orNull(kind: Kind): Kind {
  return {
    schema: kind.schema.nullable(),
    value: fc.option(kind.value, { nil: null, freq: 4 }),
    expected: (value) => (value === null ? null : kind.expected(value)),
  };
}

function listOf(kind: Kind): Kind {
  return {
    schema: z.array(kind.schema),
    value: fc.array(kind.value, { maxLength: 4 }),
    expected: (value) => (value as unknown[]).map(kind.expected),
  };
}

function mapOf(kind: Kind): Kind {
  return {
    schema: z.record(z.string(), kind.schema),
    value: fc
      .array(fc.tuple(text, kind.value), { maxLength: 4 })
      // zod leaves a key __proto__ out of records, and a lone surrogate is not the same after it.
      .map((entries) => Object.fromEntries(entries.filter(([key]) => key !== '__proto__'))),
    expected: (value) =>
      Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, kind.expected(item)])),
  };
}

function structOf(kinds: Kind[]): Kind {
  const name = (place: number) => `field ${place}`;
  return {
    schema: z.object(Object.fromEntries(kinds.map((kind, place) => [name(place), kind.schema]))),
    value: fc
      .tuple(...kinds.map((kind) => kind.value))
      .map((values) => Object.fromEntries(values.map((value, place) => [name(place), value]))),
    expected: (value) =>
      Object.fromEntries(
        kinds.map((kind, place) => [
          name(place),
          kind.expected((value as Record<string, unknown>)[name(place)]),
        ]),
      ),
  };
}

const { kind: anyKind } = fc.letrec<{ kind: Kind; plain: Kind }>((tie) => ({
  kind: fc.oneof(tie('plain'), tie('plain').map(orNull)),
  plain: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 4, arbitrary: fc.constantFrom(...SCALARS) },
    { weight: 2, arbitrary: tie('kind').map(listOf) },
    { weight: 1, arbitrary: tie('kind').map(mapOf) },
    { weight: 2, arbitrary: fc.array(tie('kind'), { minLength: 1, maxLength: 3 }).map(structOf) },
  ),
}));

const dataset = fc
  .array(anyKind, { minLength: 1, maxLength: 5 })
  .map(structOf)
  .chain((row) => fc.record({ row: fc.constant(row), values: fc.array(row.value, { maxLength: 12 }) }));

describe('what goes in comes out', () => {
  test('for any schema, the same from both engines', async () => {
    await fc.assert(
      fc.asyncProperty(dataset, async ({ row, values }) => {
        const schema = (row.schema as z.ZodObject).extend({ id: z.int() });
        const rows = values.map((value, id) => schema.parse({ ...(value as object), id }));
        const expected = values.map((value, id) => ({ ...(row.expected(value) as object), id }));
        const types: string[][] = [];
        const dumps: unknown[] = [];
        for (const engine of ENGINES) {
          const { paths } = await storeRows(schema, ['id'], rows, engine);
          const found = await firstRows(paths, 1_000);
          expect(found.map(({ _page_url, _fetched_at, _batch, ...own }) => own)).toEqual(expected);
          if (engine === 'parquetjs') expect(await firstRows(paths, 1_000, 'parquetjs')).toEqual(found);
          types.push(await describeFiles(paths));
          dumps.push(await query(`SELECT * FROM ${parquetList(paths)}`));
        }
        expect(types[1]).toEqual(types[0]);
        expect(dumps[1]).toEqual(dumps[0]);
      }),
      { numRuns: isLong ? 30 : 8 },
    );
  });

  test('whichever duplicate wins and wherever files are cut, the engines agree', async () => {
    const { buildDataset, columnsIn, makeFolder, recordAt, writeRows } = await import('./row-files.js');
    const columns = columnsIn(z.object({ a: z.string(), b: z.number(), c: z.int64(), n: z.int() }));
    const place = fc.record({
      page: fc.nat(6),
      index: fc.nat(4),
      a: fc.constantFrom('', 'a', 'A', 'é', 'e\u0301', '1'),
      b: fc.constantFrom(0, 1, 0.1, 1e21),
      c: fc.constantFrom('1', '11', '-9223372036854775808'),
    });
    const uniquePlaces = fc.uniqueArray(place, {
      selector: ({ page, index }) => `${page}.${index}`,
      maxLength: 35,
    });
    await fc.assert(
      fc.asyncProperty(uniquePlaces, fc.integer({ min: 1, max: 9 }), async (places, rowsPerFile) => {
        const records = places.map(({ page, index, ...row }, n) => recordAt(page, index, { ...row, n }));
        const folder = await makeFolder();
        const rows = [await writeRows(folder, 'rows.ndjson', records)];
        const winners = new Map<string, (typeof records)[number]>();
        const inOrder = records.toSorted((x, y) => x.page - y.page || x.index - y.index);
        for (const record of inOrder)
          winners.set(JSON.stringify([record.row.a, record.row.b, record.row.c]), record);
        const expected = inOrder
          .filter((record) => [...winners.values()].includes(record))
          .map(({ row }) => row.n);
        for (const engine of ENGINES) {
          const built = await buildDataset({ columns, key: ['a', 'b', 'c'], engine, rows, rowsPerFile });
          expect(built.files.map((file) => file.rows)).toEqual(
            expected.length === 0
              ? [0]
              : Array.from({ length: Math.ceil(expected.length / rowsPerFile) }, (_, i) =>
                  Math.min(rowsPerFile, expected.length - i * rowsPerFile),
                ),
          );
          expect((await firstRows(built.paths, 100)).map((row) => row.n)).toEqual(expected);
          expect(built.duplicates).toBe(records.length - expected.length);
        }
      }),
      { numRuns: isLong ? 25 : 8 },
    );
  });
});
