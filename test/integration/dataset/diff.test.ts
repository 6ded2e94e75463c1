/** Two datasets of one target, written by either engine, and what differs between them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeColumns } from '../../../src/dataset/column.js';
import {
  type Diff,
  type DiffCounts,
  type DiffSide,
  type RowChange,
  withDiff,
} from '../../../src/dataset/diff.js';
import type { EngineName } from '../../../src/dataset/engine.js';
import { casesOf, isLong } from '../../support/long.js';
import { columnsIn, ENGINES, makeFolder, query, storeRows } from './row-files.js';

type Rows = Record<string, unknown>[];

const key = ['sku'];

async function sideOf(schema: z.ZodObject, rows: Rows, engine: EngineName = 'duckdb'): Promise<DiffSide> {
  const stored = await storeRows(schema, key, rows, engine);
  const files = stored.files.map(({ rows }, at) => ({ path: stored.paths[at] ?? '', rows }));
  return { columns: describeColumns(columnsIn(schema)), key, files };
}

async function compared<T>(
  before: DiffSide,
  after: DiffSide,
  look: (diff: Diff) => Promise<T>,
  only?: string[],
) {
  const spill = join(await makeFolder(), 'spill');
  return withDiff({ before, after, only, spill }, look);
}

async function changesOf(before: DiffSide, after: DiffSide, only?: string[]) {
  return compared(
    before,
    after,
    async ({ counts, changes }): Promise<{ counts: DiffCounts; changes: RowChange[] }> => {
      const all: RowChange[] = [];
      for await (const change of changes()) all.push(change);
      return { counts, changes: all };
    },
    only,
  );
}

const everything = z.object({
  sku: z.string(),
  price: z.number().optional(),
  stock: z.int().optional(),
  listed: z.date().optional(),
  day: z.iso.date().optional(),
  tags: z.array(z.string()).optional(),
  specs: z
    .object({ weight: z.number().optional(), sizes: z.array(z.object({ name: z.string() })) })
    .optional(),
  words: z.record(z.string(), z.object({ more: z.record(z.string(), z.number()) })).optional(),
});

const full = {
  sku: 'a',
  price: 1.1,
  stock: 7,
  listed: new Date('2026-01-02T03:04:05.678Z'),
  day: '2026-01-02',
  tags: ['x', 'y'],
  specs: { weight: 0.1, sizes: [{ name: 'L' }] },
  words: { one: { more: { p: 1, q: 2 } }, two: { more: {} } },
};

/** Each differs from what `full` has in that column. */
const CHANGED: [string, unknown][] = [
  ['price', 1.1000000000000003],
  ['price', undefined],
  ['stock', 8],
  ['listed', new Date('2026-01-02T03:04:05.679Z')],
  ['day', '2026-01-03'],
  ['tags', ['y', 'x']],
  ['specs', { sizes: [{ name: 'L' }] }],
  ['specs', { weight: 0.1, sizes: [{ name: 'M' }] }],
  ['words', { one: { more: { p: 1, q: 3 } }, two: { more: {} } }],
];

/** Each engine on either side; in the long run also with itself. */
const PAIRS = casesOf(
  [
    { before: 'duckdb', after: 'parquetjs' },
    { before: 'parquetjs', after: 'duckdb' },
    ...ENGINES.map((engine) => ({ before: engine, after: engine })),
  ] as const,
  2,
);

describe.for(PAIRS)('written by $before, then by $after', (engines) => {
  test('the same rows are the same, in whatever order rows and the entries of maps stand', async () => {
    const empty = { sku: 'b' };
    const turned = { ...full, words: { two: { more: {} }, one: { more: { q: 2, p: 1 } } } };
    const { counts } = await changesOf(
      await sideOf(everything, [full, empty], engines.before),
      await sideOf(everything, [empty, turned], engines.after),
    );
    expect(counts).toEqual({ before: 2, after: 2, added: 0, gone: 0, changed: 0, same: 2, columns: [] });
  });

  test('of what changed both values are told, in whichever column it stands', async () => {
    const { counts, changes } = await changesOf(
      await sideOf(
        everything,
        [...CHANGED.map((_, at) => ({ ...full, sku: `${at}` })), { sku: 'b' }],
        engines.before,
      ),
      await sideOf(
        everything,
        [...CHANGED.map(([column, value], at) => ({ ...full, sku: `${at}`, [column]: value })), { sku: 'b' }],
        engines.after,
      ),
    );
    expect(counts).toMatchObject({ changed: CHANGED.length, same: 1 });
    expect(counts.columns[0]).toEqual({ name: 'price', rows: 2 });
    expect(changes.map(({ key, columns }) => [key.sku, ...columns])).toEqual(
      CHANGED.map(([column], at) => [`${at}`, column]),
    );
    for (const { columns, before, after } of changes)
      for (const column of columns) expect(before?.[column]).not.toEqual(after?.[column]);
  });

  test('rows that came and went are told whole, all in the order of their keys', async () => {
    const { counts, changes } = await changesOf(
      await sideOf(everything, [full, { sku: 'b', stock: 1 }, { sku: 'd' }], engines.before),
      await sideOf(everything, [{ sku: 'd' }, full, { sku: 'c', tags: ['new'] }], engines.after),
    );
    expect(counts).toMatchObject({ before: 3, after: 3, added: 1, gone: 1, changed: 0, same: 2 });
    expect(changes.map(({ change, key }) => [change, key.sku])).toEqual([
      ['gone', 'b'],
      ['added', 'c'],
    ]);
    expect(changes[0]).toMatchObject({ before: { stock: 1, price: null }, after: null, columns: [] });
    expect(changes[1]).toMatchObject({ before: null, after: { tags: ['new'], specs: null } });
  });
});

test('columns that only one has are named, and those of another type compared by value', async () => {
  const before = await sideOf(
    z.object({ sku: z.string(), price: z.number(), old: z.string(), code: z.string(), n: z.number() }),
    [
      { sku: 'a', price: 2, old: 'x', code: '7', n: 2 },
      { sku: 'b', price: 2.5, old: 'x', code: 'seven', n: 1.5 },
    ],
  );
  const after = await sideOf(
    z.object({ sku: z.string(), code: z.int().optional(), price: z.string(), new: z.int(), n: z.int() }),
    [
      { sku: 'a', code: 7, price: '2', new: 1, n: 2 },
      { sku: 'b', code: undefined, price: '2.75', new: 1, n: 2 },
    ],
  );
  const { counts, changes } = await changesOf(before, after);
  expect(counts.columns).toEqual([
    { name: 'code', rows: 1 },
    { name: 'price', rows: 1 },
    { name: 'n', rows: 1 },
  ]);
  expect(changes).toMatchObject([
    {
      key: { sku: 'b' },
      columns: ['code', 'price', 'n'],
      before: { price: 2.5, old: 'x' },
      after: { price: '2.75', new: 1 },
    },
  ]);
  const shape = await compared(before, after, async (diff) => diff.shape);
  expect(shape).toMatchObject({
    added: [{ name: 'new', type: 'BIGINT' }],
    gone: [{ name: 'old', type: 'VARCHAR' }],
    retyped: [
      { name: 'code', before: 'VARCHAR', after: 'BIGINT' },
      { name: 'price', before: 'DOUBLE', after: 'VARCHAR' },
      { name: 'n', before: 'DOUBLE', after: 'BIGINT' },
    ],
  });
});

const plain = z.object({ sku: z.string(), 'odd "name"': z.string().optional(), n: z.number().optional() });

test('only the columns that are asked for are compared, and a name that none has is refused', async () => {
  const before = await sideOf(plain, [{ sku: 'a', n: 1, 'odd "name"': 'x' }]);
  const after = await sideOf(plain, [{ sku: 'a', n: 2, 'odd "name"': "y'" }]);
  const { changes } = await changesOf(before, after, ['odd "name"']);
  expect(changes).toEqual([
    {
      change: 'changed',
      key: { sku: 'a' },
      columns: ['odd "name"'],
      page: expect.stringContaining('http'),
      before: { sku: 'a', 'odd "name"': 'x' },
      after: { sku: 'a', 'odd "name"': "y'" },
    },
  ]);
  await expect(changesOf(before, after, ['m'])).rejects.toMatchObject({ code: 'USAGE', mend: /sku/ });
  await expect(changesOf({ ...before, key: ['n'] }, after)).rejects.toMatchObject({ code: 'USAGE' });
});

test('a dataset without a row is compared as well', async () => {
  const none = await sideOf(plain, []);
  const one = await sideOf(plain, [{ sku: 'a' }]);
  expect((await changesOf(none, one)).changes).toMatchObject([{ change: 'added' }]);
  expect((await changesOf({ ...one, files: [] }, one)).changes).toMatchObject([{ change: 'added' }]);
  expect((await changesOf(one, { ...one, files: [] })).changes).toMatchObject([{ change: 'gone' }]);
  expect((await changesOf({ ...one, files: [] }, { ...one, files: [] })).changes).toEqual([]);
});

test('the Parquet file holds every change with its whole rows, and nothing is left beside it', async () => {
  const folder = await makeFolder();
  const file = join(folder, "all 'changes'.parquet");
  const before = await sideOf(everything, [full, { sku: 'b' }]);
  const after = await sideOf(everything, [{ ...full, price: 2 }, { sku: 'c' }]);
  await compared(before, after, (diff) => diff.writeParquet(file));
  const rows = await query(
    `SELECT change, key.sku, "columns", "before".price, "after".price, page_url LIKE 'http%'
     FROM '${file.replaceAll("'", "''")}'`,
  );
  expect(rows).toEqual([
    ['changed', 'a', ['price'], 1.1, 2, true],
    ['gone', 'b', [], null, null, true],
    ['added', 'c', [], null, null, true],
  ]);
  expect(await readdir(folder)).toEqual(["all 'changes'.parquet"]);
});

test('hundreds of thousands of rows are compared by shares of their keys, and none is missed', async () => {
  const count = isLong ? 600_000 : 260_000; // a share has 250,000
  const rows = (price: string): string =>
    `SELECT 'sku-' || i AS sku, NULL::VARCHAR AS "odd ""name""", ${price} AS n, 'http://x/' || i AS _page_url FROM range(${count}) t(i)`;
  const folder = await makeFolder();
  const side = async (name: string, price: string): Promise<DiffSide> => {
    const path = join(folder, `${name}.parquet`);
    await query(`COPY (${rows(price)}) TO '${path}' (FORMAT parquet)`);
    return { columns: describeColumns(columnsIn(plain)), key, files: [{ path, rows: count }] };
  };
  const { before, after } = {
    before: await side('before', 'i::DOUBLE'),
    after: await side('after', 'CASE WHEN i % 1000 = 7 THEN i + 0.5 ELSE i END::DOUBLE'),
  };
  const counts = await compared(before, after, async (diff) => diff.counts);
  expect(counts).toMatchObject({ changed: count / 1_000, same: count - count / 1_000, added: 0, gone: 0 });
});
