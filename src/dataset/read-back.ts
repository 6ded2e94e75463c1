/** A delivered dataset read back: its first rows for a person to look at, or those of some of its pages. */
import { reasonOf, ThreshError } from '../errors.js';
import type { DatasetReader, Rows } from './dataset-reader.js';
import { loadDuckdb } from './duckdb.js';
import { duckdbReader } from './duckdb-reader.js';
import type { EngineName } from './engine.js';
import { parquetjsReader } from './parquetjs-reader.js';

/** Rows that are looked at to find pages. */
const MOST_PLACES = 10_000;

/**
 * At most `n` rows in the files' order. Reads through DuckDB; through parquetjs-lite when `engine` says so or DuckDB's
 * native module is missing, and that reads only what the parquetjs engine wrote. Throws `DATASET_FAILED` when a file
 * cannot be read.
 */
export async function firstRows(
  files: readonly string[],
  n: number,
  engine: EngineName = 'duckdb',
): Promise<Rows> {
  const rows: Rows = [];
  for (const path of files) {
    if (rows.length >= n) break;
    rows.push(...(await readFrom(path, engine, (reader) => reader.first(path, n - rows.length))));
  }
  return rows;
}

/** At most `n` of the dataset's pages, spread over it, the same ones each time. Reads and throws as `firstRows`. */
export async function spreadPages(
  files: readonly { path: string; rows: number }[],
  n: number,
  engine: EngineName = 'duckdb',
): Promise<string[]> {
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  const step = Math.max(1, Math.floor(rows / MOST_PLACES));
  const pages = new Set<string>();
  for (const { path } of files) {
    const found = await readFrom(path, engine, (reader) => reader.pagesAtEach(path, step));
    for (const page of found) pages.add(page);
  }
  return spread([...pages], n);
}

/** All rows of these pages, in the files' order. Reads and throws as `firstRows`. */
export async function rowsOfPages(
  files: readonly { path: string }[],
  urls: readonly string[],
  engine: EngineName = 'duckdb',
): Promise<Rows> {
  const rows: Rows = [];
  if (urls.length === 0) return rows;
  for (const { path } of files)
    rows.push(...(await readFrom(path, engine, (reader) => reader.ofPages(path, urls))));
  return rows;
}

/** `n` of them at equal distances, in their order; all of them when there are no more. */
export function spread<T>(all: readonly T[], n: number): T[] {
  if (all.length <= n) return [...all];
  return Array.from({ length: n }, (_, at) => all[Math.floor(((at + 0.5) * all.length) / n)] as T);
}

async function readFrom<T>(
  path: string,
  engine: EngineName,
  read: (reader: DatasetReader) => Promise<T>,
): Promise<T> {
  try {
    return await read(engine === 'duckdb' && (await hasDuckdb()) ? duckdbReader : parquetjsReader);
  } catch (error) {
    throw new ThreshError(`${path} cannot be read: ${reasonOf(error)}`, {
      code: 'DATASET_FAILED',
      scope: 'batch',
      mend: 'files written by DuckDB can only be read where its native module is installed',
      cause: error,
    });
  }
}

/** Whether DuckDB's native module loads on this machine. */
async function hasDuckdb(): Promise<boolean> {
  try {
    await loadDuckdb();
    return true;
  } catch {
    return false;
  }
}
