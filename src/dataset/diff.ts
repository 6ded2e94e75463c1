/**
 * What differs between two datasets of one target, by its key. DuckDB reads the files of both, whichever engine wrote
 * them, and joins them by shares of the keys, so that memory stays under its limit; what differs is kept in a table
 * that spills to disk, and is read from there as often as it is shown.
 */
import { rename, rm } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { isThreshError, reasonOf, ThreshError } from '../errors.js';
import { type DatasetShape, type DiffShape, diffShape } from './diff-shape.js';
import { loadDuckdb, quoteText, withDuckdb } from './duckdb.js';
import { plainOf } from './duckdb-values.js';
import { findChanges, openSides, rowsOf } from './find-changes.js';

export interface DiffSide extends DatasetShape {
  /** In the dataset's order. */
  files: readonly { path: string; rows: number }[];
}

export interface DiffOptions {
  before: DiffSide;
  after: DiffSide;
  /** Columns that are compared and shown; all when it is left out. */
  only?: readonly string[] | undefined;
  /** Where DuckDB spills to. */
  spill: string;
  /** Default 256. */
  memoryLimitMb?: number;
  signal?: AbortSignal | undefined;
}

export interface DiffCounts {
  before: number;
  after: number;
  added: number;
  gone: number;
  changed: number;
  same: number;
  /** Rows in which a column changed, those with most first. */
  columns: { name: string; rows: number }[];
}

export interface RowChange {
  change: 'added' | 'gone' | 'changed';
  key: Record<string, unknown>;
  /** That changed, in the order of the dataset. */
  columns: string[];
  /** `_page_url` of the later row, of the earlier one where that is gone. */
  page: string;
  /** Null of an added row. */
  before: Record<string, unknown> | null;
  /** Null of a row that is gone. */
  after: Record<string, unknown> | null;
}

export interface Diff {
  shape: DiffShape;
  counts: DiffCounts;
  /** In the order of their keys; at most `limit` of them. */
  changes(limit?: number): AsyncIterable<RowChange>;
  /** All of them, `before` and `after` as structs; the file appears whole. */
  writeParquet(file: string): Promise<void>;
}

const MEMORY_LIMIT_MB = 256;
const ROWS_PER_GROUP = 8_192;

/** Throws USAGE when the two cannot be compared, INTERRUPTED on abort, else DATASET_FAILED. */
export async function withDiff<T>(options: DiffOptions, work: (diff: Diff) => Promise<T>): Promise<T> {
  const shape = diffShape(options.before, options.after, options.only);
  await requireDuckdb();
  try {
    return await withDuckdb(
      {
        database: ':memory:',
        memoryLimitMb: options.memoryLimitMb ?? MEMORY_LIMIT_MB,
        spill: options.spill,
        signal: options.signal,
      },
      async (connection) => {
        await connection.run("SET TimeZone = 'UTC'");
        await openSides(connection, options);
        await findChanges(connection, shape, options);
        const counts = await countChanges(connection, shape, options);
        return work({
          shape,
          counts,
          changes: (limit) => changesIn(connection, shape, limit),
          writeParquet: (file) => writeParquet(connection, file),
        });
      },
    );
  } catch (error) {
    if (options.signal?.aborted) {
      throw new ThreshError('the comparison was interrupted', {
        code: 'INTERRUPTED',
        scope: 'batch',
        cause: error,
      });
    }
    if (isThreshError(error) || (error as NodeJS.ErrnoException).code !== undefined) throw error;
    throw new ThreshError(`the two datasets cannot be compared: ${reasonOf(error)}`, {
      code: 'DATASET_FAILED',
      scope: 'batch',
      mend: 'was one of them replaced at this moment? then the same command says so, or compares the new one',
      cause: error,
    });
  }
}

async function requireDuckdb(): Promise<void> {
  await loadDuckdb().catch((cause: unknown) => {
    throw new ThreshError(`datasets are compared by DuckDB: ${reasonOf(cause)}`, {
      code: 'DATASET_FAILED',
      scope: 'batch',
      mend: 'install without --omit=optional, or compare them on another machine: the engine that wrote them does not matter',
      cause,
    });
  });
}

async function countChanges(
  connection: DuckDBConnection,
  shape: DiffShape,
  { before, after }: DiffOptions,
): Promise<DiffCounts> {
  const pairs = async (sql: string): Promise<Map<string, number>> => {
    const rows = (await connection.runAndReadAll(sql)).getRows();
    return new Map(rows.map(([name, count]) => [String(name), Number(count)]));
  };
  const kinds = await pairs('SELECT change, count(*) FROM changes GROUP BY change');
  const columns = await pairs(
    'SELECT name, count(*) FROM (SELECT unnest("columns") AS name FROM changes) GROUP BY name',
  );
  const [added = 0, gone = 0, changed = 0] = ['added', 'gone', 'changed'].map((kind) => kinds.get(kind));
  const rows = { before: rowsOf(before), after: rowsOf(after) };
  return {
    ...rows,
    ...{ added, gone, changed, same: rows.after - added - changed },
    columns: shape.compared
      .flatMap((name) => ({ name, rows: columns.get(name) ?? 0 }))
      .filter((column) => column.rows > 0)
      .sort((one, other) => other.rows - one.rows),
  };
}

async function* changesIn(
  connection: DuckDBConnection,
  shape: DiffShape,
  limit?: number,
): AsyncGenerator<RowChange> {
  const isEmpty = (await connection.runAndReadAll('SELECT count(*) = 0 FROM changes')).getRows()[0]?.[0];
  if (isEmpty === true) return;
  const duckdb = await loadDuckdb();
  const most = limit === undefined ? '' : `LIMIT ${Math.floor(limit)}`;
  const result = await connection.stream(
    `SELECT change, "key", "columns", page_url, "before", "after" FROM changes ORDER BY "key" ${most}`,
  );
  const place = new Map(shape.compared.map((name, at) => [name, at]));
  for await (const rows of result.yieldRows()) {
    for (const row of rows) {
      const [change, key, columns, page, before, after] = row.map((value) => plainOf(duckdb, value));
      yield {
        change: change as RowChange['change'],
        key: key as Record<string, unknown>,
        columns: (columns as string[]).sort((one, other) => (place.get(one) ?? 0) - (place.get(other) ?? 0)),
        page: String(page),
        before: before as RowChange['before'],
        after: after as RowChange['after'],
      };
    }
  }
}

async function writeParquet(connection: DuckDBConnection, file: string): Promise<void> {
  const half = `${file}.${process.pid}.partial`;
  try {
    await connection.run(
      `COPY (FROM changes ORDER BY ${(await hasKey(connection)) ? '"key"' : 'change'}) TO ${quoteText(half)}
       (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROWS_PER_GROUP})`,
    );
    await rename(half, file);
  } finally {
    await rm(half, { force: true });
  }
}

/** Two datasets without a row have no types of which it could be made. */
async function hasKey(connection: DuckDBConnection): Promise<boolean> {
  return (await connection.run('FROM changes LIMIT 0')).columnNames().includes('key');
}
