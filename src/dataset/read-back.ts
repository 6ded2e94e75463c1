/** The first rows of a delivered dataset, for a person to look at. */
import { tmpdir } from 'node:os';
import { reasonOf, ThreshError } from '../errors.js';
import { loadDuckdb, quotePath, withDuckdb } from './duckdb.js';
import { plainOf } from './duckdb-values.js';
import type { EngineName } from './engine.js';
import { readByParquetjs } from './parquetjs-reader.js';

const MEMORY_LIMIT_MB = 256;

type Rows = Record<string, unknown>[];

/**
 * At most `n` rows in the files' order: numbers (bigint when an int64 is no safe integer), Dates for timestamps, text
 * for dates and decimals, arrays, plain objects for structs and maps, null. Reads through DuckDB; through
 * parquetjs-lite when `engine` says so or DuckDB's native module is missing, and that reads only what the parquetjs
 * engine wrote. Throws `DATASET_FAILED` when a file cannot be read.
 */
export async function firstRows(
  files: readonly string[],
  n: number,
  engine: EngineName = 'duckdb',
): Promise<Rows> {
  const read = engine === 'duckdb' && (await hasDuckdb()) ? readByDuckdb : readByParquetjs;
  const rows: Rows = [];
  for (const path of files) {
    if (rows.length >= n) break;
    try {
      rows.push(...(await read(path, n - rows.length)));
    } catch (error) {
      throw new ThreshError(`${path} cannot be read: ${reasonOf(error)}`, {
        code: 'DATASET_FAILED',
        scope: 'batch',
        mend: 'files written by DuckDB can only be read where its native module is installed',
        cause: error,
      });
    }
  }
  return rows;
}

/** Whether DuckDB's native module loads on this machine. */
export async function hasDuckdb(): Promise<boolean> {
  try {
    await loadDuckdb();
    return true;
  } catch {
    return false;
  }
}

async function readByDuckdb(path: string, n: number): Promise<Rows> {
  const duckdb = await loadDuckdb();
  return withDuckdb(
    { database: ':memory:', memoryLimitMb: MEMORY_LIMIT_MB, spill: tmpdir() },
    async (connection) => {
      const result = await connection.runAndReadAll(
        `SELECT * FROM read_parquet(${quotePath(path)}, hive_partitioning = false) LIMIT ${Math.max(0, Math.floor(n))}`,
      );
      const names = result.columnNames();
      return result
        .getRows()
        .map((row) => Object.fromEntries(names.map((name, place) => [name, plainOf(duckdb, row[place])])));
    },
  );
}
