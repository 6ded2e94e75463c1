import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { encodeRow } from '../../../src/dataset/encode.js';
import { firstRows } from '../../../src/dataset/read-back.js';
import {
  buildDataset,
  columnsIn,
  describeFiles,
  ENGINES,
  makeFolder,
  parquetList,
  query,
  recordAt,
  storeRows,
  writeRows,
} from './row-files.js';

const AWKWARD = z.object({
  sku: z.string(),
  text: z.string().nullable(),
  price: z.number().optional(),
  stock: z.int().optional(),
  big: z.int64().optional(),
  huge: z.bigint().optional(),
  money: z.string().meta({ parquet: 'decimal(18,2)' }).optional(),
  listed: z.date().optional(),
  exact: z.iso.datetime({ offset: true }).meta({ parquet: 'timestamp' }).optional(),
  day: z.iso.date().meta({ parquet: 'date' }).optional(),
  sold: z.boolean().optional(),
  kind: z.enum(['a', 'b']).optional(),
  tags: z.array(z.string().nullable()).optional(),
  grid: z.array(z.array(z.int().nullable()).nullable()).optional(),
  offers: z
    .array(z.object({ shop: z.string(), price: z.number().nullable(), at: z.date().optional() }).nullable())
    .optional(),
  specs: z
    .object({ weight: z.number().optional(), maker: z.object({ name: z.string().optional() }).optional() })
    .optional(),
  labels: z.record(z.string(), z.string().nullable()).optional(),
  nested: z.record(z.string(), z.array(z.object({ n: z.int64() }))).optional(),
  constructor: z.string().optional(),
  'odd name "quoted"': z.string().optional(),
});

const LONG = 'длинный текст 😀 '.repeat(8_000);

const ROWS: Record<string, unknown>[] = [
  { sku: 'plain', text: 'a', price: 1.5, stock: 3, tags: ['x', 'y'], labels: { a: '1' }, constructor: 'c' },
  { sku: 'nulls', text: null },
  { sku: 'empty', text: '', tags: [], grid: [], offers: [], labels: {}, specs: {}, nested: {} },
  {
    sku: 'inner empty',
    text: '',
    tags: [null],
    grid: [[], null, [null, 1]],
    offers: [null],
    specs: { maker: {} },
  },
  { sku: 'emoji 👩‍👩‍👧‍👦', text: 'שלום مرحبا \u202Eabc', tags: ['😀', null, ''] },
  { sku: 'nul \u0000 inside', text: 'a\u0000b\u0001\u2028\u2029\uFEFF\uFFFF\n\r\t"\\' },
  { sku: 'lone \ud800 surrogate', text: '\udc00', labels: { '\ud800': 'x' } },
  { sku: 'long', text: LONG },
  { sku: 'int64 least', text: null, stock: Number.MIN_SAFE_INTEGER, big: -(2n ** 63n) },
  { sku: 'int64 most', text: null, stock: Number.MAX_SAFE_INTEGER, big: 2n ** 63n - 1n },
  { sku: 'decimal', text: null, huge: 10n ** 38n - 1n, money: '9999999999999999.99' },
  { sku: 'decimal low', text: null, huge: -(10n ** 38n) + 1n, money: '-0.01' },
  { sku: 'decimal zero', text: null, huge: 0n, money: '-0' },
  { sku: 'old', text: null, listed: new Date('1969-12-31T23:59:59.999Z'), day: '1969-12-31' },
  { sku: 'oldest', text: null, listed: new Date('0001-01-01T00:00:00.000Z'), day: '0001-01-01' },
  { sku: 'last', text: null, listed: new Date('9999-12-31T23:59:59.999Z'), day: '9999-12-31' },
  { sku: 'micro', text: null, exact: '1969-12-31T23:59:59.999999+00:00' },
  { sku: 'zone', text: null, exact: '2024-02-29T23:30:00.5-01:30' },
  { sku: 'minus zero', text: null, price: -0, stock: -0 },
  { sku: 'great', text: null, price: 1e308 },
  { sku: 'tiny', text: null, price: 5e-324, sold: false },
  { sku: 'third', text: null, price: 0.1 + 0.2, sold: true, kind: 'b' },
  { sku: 'digits', text: null, price: 123456789012345680000 },
  {
    sku: 'structs',
    text: null,
    offers: [
      { shop: 'a', price: null },
      { shop: 'b', price: 2, at: new Date(0) },
    ],
    specs: { weight: 1, maker: { name: 'm' } },
  },
  {
    sku: 'maps',
    text: null,
    labels: Object.fromEntries([
      ['', 'empty'],
      ['__proto__', 'p'],
      ['constructor', null],
      ['a"b\'c,d', 'q'],
      ['1', 'one'],
      ['😀', 'e'],
    ]),
    nested: { a: [{ n: 2n ** 62n }], b: [] },
    'odd name "quoted"': 'o',
  },
];

describe('the two engines', () => {
  test('write the same types and the same rows', async () => {
    const [duckdb, parquetjs] = [
      await storeRows(AWKWARD, ['sku'], ROWS, 'duckdb'),
      await storeRows(AWKWARD, ['sku'], ROWS, 'parquetjs'),
    ];
    expect(await describeFiles(parquetjs.paths)).toEqual(await describeFiles(duckdb.paths));
    const all = async (paths: string[]) => query(`SELECT * FROM ${parquetList(paths)}`);
    const rows = await all(duckdb.paths);
    expect(rows).toHaveLength(ROWS.length);
    expect(await all(parquetjs.paths)).toEqual(rows);
    // Statistics agree too, the estimates aside.
    const withoutDistinct = (statistics: object) =>
      Object.entries(statistics).map(([name, { distinct: _, ...rest }]) => [name, rest]);
    expect(withoutDistinct(parquetjs.statistics)).toEqual(withoutDistinct(duckdb.statistics));
    expect(duckdb.statistics.big).toMatchObject({ min: '-9223372036854775808', max: '9223372036854775807' });
    expect(duckdb.statistics.listed).toMatchObject({
      nulls: ROWS.length - 3,
      min: '0001-01-01T00:00:00.000Z',
      max: '9999-12-31T23:59:59.999Z',
    });
    expect(duckdb.statistics.exact).toMatchObject({ min: '1969-12-31T23:59:59.999999Z' });
  });
  test.each(ENGINES)('%s: types and values are what a reader expects', async (engine) => {
    const { paths } = await storeRows(AWKWARD, ['sku'], ROWS, engine);
    expect(await describeFiles(paths)).toEqual([
      'sku VARCHAR',
      'text VARCHAR',
      'price DOUBLE',
      'stock BIGINT',
      'big BIGINT',
      'huge DECIMAL(38,0)',
      'money DECIMAL(18,2)',
      'listed TIMESTAMP',
      'exact TIMESTAMP',
      'day DATE',
      'sold BOOLEAN',
      'kind VARCHAR',
      'tags VARCHAR[]',
      'grid BIGINT[][]',
      'offers STRUCT(shop VARCHAR, price DOUBLE, "at" TIMESTAMP)[]',
      'specs STRUCT(weight DOUBLE, maker STRUCT("name" VARCHAR))',
      'labels MAP(VARCHAR, VARCHAR)',
      'nested MAP(VARCHAR, STRUCT(n BIGINT)[])',
      'constructor VARCHAR',
      'odd name "quoted" VARCHAR',
      '_page_url VARCHAR',
      '_fetched_at TIMESTAMP',
      '_batch VARCHAR',
    ]);
    const found = new Map((await firstRows(paths, 1000)).map((row) => [row.sku, row]));
    expect(found.size).toBe(ROWS.length);
    expect(found.get('nulls')).toEqual({
      ...Object.fromEntries(Object.keys(AWKWARD.shape).map((name) => [name, null])),
      sku: 'nulls',
      _page_url: `http://127.0.0.1/p/1?q='"`,
      _fetched_at: new Date('2026-01-02T03:04:05.001Z'),
      _batch: 'test-20260102-abc123',
    });
    const empty = {
      tags: [],
      grid: [],
      offers: [],
      labels: {},
      nested: {},
      specs: { weight: null, maker: null },
    };
    expect(found.get('empty')).toMatchObject(empty);
    expect(found.get('inner empty')).toMatchObject({
      tags: [null],
      grid: [[], null, [null, 1]],
      offers: [null],
      specs: { weight: null, maker: { name: null } },
    });
    expect(found.get('nul \u0000 inside')).toMatchObject({
      text: 'a\u0000b\u0001\u2028\u2029\uFEFF\uFFFF\n\r\t"\\',
    });
    expect(found.get('lone \uFFFD surrogate')).toMatchObject({ text: '\uFFFD', labels: { '\uFFFD': 'x' } });
    expect(found.get('long')?.text).toBe(LONG);
    expect(found.get('int64 least')).toMatchObject({ stock: Number.MIN_SAFE_INTEGER, big: -(2n ** 63n) });
    expect(found.get('int64 most')).toMatchObject({ stock: Number.MAX_SAFE_INTEGER, big: 2n ** 63n - 1n });
    expect(found.get('decimal')).toMatchObject({ huge: '9'.repeat(38), money: '9999999999999999.99' });
    expect(found.get('decimal low')).toMatchObject({ huge: `-${'9'.repeat(38)}`, money: '-0.01' });
    expect(found.get('decimal zero')).toMatchObject({ huge: '0', money: '0.00' });
    expect(found.get('old')).toMatchObject({ listed: new Date(-1), day: '1969-12-31' });
    expect(found.get('oldest')).toMatchObject({
      listed: new Date('0001-01-01T00:00:00Z'),
      day: '0001-01-01',
    });
    expect(found.get('last')).toMatchObject({
      listed: new Date('9999-12-31T23:59:59.999Z'),
      day: '9999-12-31',
    });
    expect(found.get('zone')).toMatchObject({ exact: new Date('2024-03-01T01:00:00.500Z') });
    expect(found.get('minus zero')).toMatchObject({ price: 0, stock: 0 });
    expect(found.get('great')).toMatchObject({ price: 1e308 });
    expect(found.get('tiny')).toMatchObject({ price: 5e-324, sold: false });
    expect(found.get('digits')).toMatchObject({ price: 123456789012345680000 });
    expect(found.get('structs')).toMatchObject({
      offers: [
        { shop: 'a', price: null, at: null },
        { shop: 'b', price: 2, at: new Date(0) },
      ],
      specs: { weight: 1, maker: { name: 'm' } },
    });
    const maps = found.get('maps');
    expect(Object.entries(maps?.labels as object)).toEqual([
      ['1', 'one'],
      ['', 'empty'],
      ['__proto__', 'p'],
      ['constructor', null],
      ['a"b\'c,d', 'q'],
      ['😀', 'e'],
    ]);
    expect(maps).toMatchObject({ nested: { a: [{ n: 2n ** 62n }], b: [] }, 'odd name "quoted"': 'o' });
  });

  test('parquetjs files are read the same without DuckDB', async () => {
    const { paths } = await storeRows(AWKWARD.omit({ constructor: true }), ['sku'], ROWS, 'parquetjs');
    expect(await firstRows(paths, 1000, 'parquetjs')).toEqual(await firstRows(paths, 1000, 'duckdb'));
    expect(await firstRows(paths, 3, 'parquetjs')).toHaveLength(3);
  });

  test('files of DuckDB without DuckDB are an error with a mend', async () => {
    const { paths } = await storeRows(AWKWARD, ['sku'], ROWS, 'duckdb');
    await expect(firstRows(paths, 1, 'parquetjs')).rejects.toMatchObject({
      code: 'DATASET_FAILED',
      mend: expect.stringContaining('native module'),
    });
  });

  test.each(ENGINES)('%s: no rows give one valid file with the schema', async (engine) => {
    const { paths, files, ...counts } = await storeRows(AWKWARD, ['sku'], [], engine);
    expect(files).toHaveLength(1);
    expect(counts).toMatchObject({ read: 0, delivered: 0, duplicates: 0 });
    expect(counts.statistics.price).toMatchObject({ nulls: 0 });
    expect(await query(`SELECT count(*) FROM ${parquetList(paths)}`)).toEqual([['0']]);
    expect(await describeFiles(paths)).toHaveLength(Object.keys(AWKWARD.shape).length + 3);
    const none = await buildDataset({ columns: columnsIn(AWKWARD), key: ['sku'], engine, rows: [] });
    expect(none.files).toHaveLength(1);
  });
});

const KEYED = z.object({ shop: z.string(), id: z.int64(), value: z.string() });

describe.each(ENGINES)('%s', (engine) => {
  const columns = columnsIn(KEYED);
  const row = (shop: string, id: bigint, value: string) => encodeRow(columns, { shop, id, value });

  test('of one key the greatest page and then the greatest index wins, whatever the order of the lines', async () => {
    const folder = await makeFolder();
    const records = [
      recordAt(10, 1, row('a', 1n, 'page 10, index 1')),
      recordAt(9, 99, row('a', 1n, 'page 9')),
      recordAt(10, 10, row('a', 1n, 'wins')),
      recordAt(10, 9, row('a', 1n, 'index 9')),
      recordAt(2, 0, row('a', 2n, 'another id')),
      recordAt(3, 0, row('b', 1n, 'another shop')),
      recordAt(1, 0, row('a,1', 1n, 'a separator in the key')),
      recordAt(1, 1, row('a', 11n, 'no separator')),
    ];
    const expected = [
      ['a separator in the key'],
      ['no separator'],
      ['another id'],
      ['another shop'],
      ['wins'],
    ];
    for (const order of [records, records.toReversed()]) {
      const half = order.length / 2;
      const rows = [
        await writeRows(folder, 'one.ndjson', order.slice(0, half)),
        await writeRows(folder, 'two.ndjson', order.slice(half)),
      ];
      const dataset = await buildDataset({ columns, key: ['shop', 'id'], engine, rows });
      expect(dataset).toMatchObject({ read: 8, delivered: 5, duplicates: 3 });
      expect(await query(`SELECT value FROM ${parquetList(dataset.paths)}`)).toEqual(expected);
    }
  });

  test('files are split in order, hash as they say, and come out the same twice', async () => {
    const folder = await makeFolder();
    const records = Array.from({ length: 2_500 }, (_, i) =>
      recordAt(2_499 - i, 0, row('a', BigInt(i % 2_300), `v${i}`)),
    );
    const rows = [await writeRows(folder, 'rows.ndjson', records)];
    const build = () => buildDataset({ columns, key: ['shop', 'id'], engine, rows, rowsPerFile: 1_000 });
    const [first, second] = [await build(), await build()];
    expect(first.files.map(({ name, rows: count }) => [name, count])).toEqual([
      ['test-20260102-abc123-00000.parquet', 1_000],
      ['test-20260102-abc123-00001.parquet', 1_000],
      ['test-20260102-abc123-00002.parquet', 300],
    ]);
    expect(second.files).toEqual(first.files);
    for (const [place, file] of first.files.entries()) {
      const bytes = await readFile(first.paths[place] ?? '');
      expect(file.bytes).toBe(bytes.length);
      expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
    const pages = await query(
      `SELECT CAST(regexp_extract(_page_url, 'p/(\\d+)', 1) AS INT) FROM ${parquetList(first.paths)}`,
    );
    const numbers = pages.map(([page]) => Number(page));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(first.statistics.id).toMatchObject({ nulls: 0, min: 0, max: 2_299 });
    expect(first.statistics.id?.distinct).toBeGreaterThan(2_000);
    expect(first.statistics.id?.distinct).toBeLessThan(2_600);
  });

  test('paths may contain quotes, spaces and pattern characters', async () => {
    const folder = join(await makeFolder(), "it's a [folder]*");
    const { mkdir } = await import('node:fs/promises');
    await mkdir(folder);
    const rows = [await writeRows(folder, 'a[1]*?.ndjson', [recordAt(0, 0, row('a', 1n, 'x'))])];
    const outDir = join(folder, 'out');
    const tempDir = join(folder, "it's temp [0]*");
    const dataset = await buildDataset({ columns, key: ['id'], engine, rows, outDir, tempDir });
    expect(await firstRows(dataset.paths, 5)).toMatchObject([{ value: 'x' }]);
    expect(await readdir(tempDir)).toEqual([]);
  });

  test('leaves nothing behind when it fails or is interrupted', async () => {
    const folder = await makeFolder();
    const bad = join(folder, 'bad.ndjson');
    const { writeFile, mkdir } = await import('node:fs/promises');
    const torn = `${JSON.stringify(recordAt(0, 0, row('a', 1n, 'x')))}\n{"kind":"row","page":`;
    await writeFile(bad, torn);
    async function* spoiled() {
      yield { path: bad, bytes: torn.length, longest: torn.length, firstPage: 0, lastPage: 0 };
    }
    const given = {
      columns,
      key: ['id'],
      engine,
      outDir: join(folder, 'out'),
      tempDir: join(folder, 'temp'),
    };
    await expect(buildDataset({ ...given, rows: spoiled() })).rejects.toMatchObject({
      code: 'DATASET_FAILED',
    });
    expect(await readdir(join(folder, 'temp'))).toEqual([]);

    const many = Array.from({ length: 30_000 }, (_, i) =>
      recordAt(i, 0, row('a', BigInt(i), 'x'.repeat(100))),
    );
    const rows = [await writeRows(folder, 'many.ndjson', many)];
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    await expect(buildDataset({ ...given, rows, signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(await readdir(join(folder, 'temp'))).toEqual([]);
    await expect(readdir(join(folder, 'out'))).rejects.toMatchObject({ code: 'ENOENT' });

    // The second file cannot take its place: the first, already there, must go again.
    const taken = join(folder, 'taken');
    await mkdir(join(taken, 'test-20260102-abc123-00001.parquet', 'x'), { recursive: true });
    await expect(buildDataset({ ...given, rows, outDir: taken, rowsPerFile: 20_000 })).rejects.toMatchObject({
      code: expect.stringMatching(/DATASET_FAILED|OUTPUT_UNWRITABLE/),
    });
    expect(await readdir(taken)).toEqual(['test-20260102-abc123-00001.parquet']);
  });
});
