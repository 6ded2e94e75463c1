/** Reads files of a dataset by DuckDB, whichever engine wrote them. */
import { tmpdir } from 'node:os';
import type { DatasetReader, Rows } from './dataset-reader.js';
import { loadDuckdb, quotePath, quoteText, withDuckdb } from './duckdb.js';
import { plainOf } from './duckdb-values.js';

const MEMORY_LIMIT_MB = 256;

export const duckdbReader: DatasetReader = {
  first: (path, n) => rowsOf(`SELECT * FROM ${fileAt(path)} LIMIT ${Math.max(0, Math.floor(n))}`),
  async pagesAtEach(path, step) {
    const rows = await rowsOf(
      `SELECT _page_url FROM ${fileAt(path, 'file_row_number = true')}
       WHERE file_row_number % ${Math.floor(step)} = 0 ORDER BY file_row_number`,
    );
    return rows.map(({ _page_url }) => String(_page_url));
  },
  ofPages: (path, urls) =>
    rowsOf(`SELECT * FROM ${fileAt(path)} WHERE _page_url IN (${urls.map(quoteText).join(', ')})`),
};

function fileAt(path: string, ...options: string[]): string {
  return `read_parquet(${[quotePath(path), 'hive_partitioning = false', ...options].join(', ')})`;
}

async function rowsOf(sql: string): Promise<Rows> {
  const duckdb = await loadDuckdb();
  return withDuckdb(
    { database: ':memory:', memoryLimitMb: MEMORY_LIMIT_MB, spill: tmpdir() },
    async (connection) => {
      const result = await connection.runAndReadAll(sql);
      const names = result.columnNames();
      return result
        .getRows()
        .map((row) => Object.fromEntries(names.map((name, place) => [name, plainOf(duckdb, row[place])])));
    },
  );
}
