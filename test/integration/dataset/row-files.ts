/** Writes rows as segments do, and reads datasets back with DuckDB, for the tests of the engines. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach } from 'vitest';
import type { z } from 'zod';
import { type AggregateOptions, type AggregateResult, aggregate } from '../../../src/dataset/aggregate.js';
import { columnsOf } from '../../../src/dataset/columns.js';
import { encodeRow } from '../../../src/dataset/encode.js';
import type { EngineName } from '../../../src/dataset/engine.js';
import type { RowRecord } from '../../../src/spool/record.js';

export const ENGINES: readonly EngineName[] = ['duckdb', 'parquetjs'];

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'thresh-test-dataset-'));
  folders.push(folder);
  return folder;
}

export function recordAt(page: number, index: number, row: Record<string, unknown>): RowRecord {
  return {
    kind: 'row',
    page,
    index,
    url: `http://127.0.0.1/p/${page}?q='"`,
    fetchedAt: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, page % 1000)).toISOString(),
    row,
  };
}

export async function writeRows(folder: string, name: string, records: readonly unknown[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return path;
}

/** Columns of a schema that has no problems. */
export function columnsIn(schema: z.ZodObject) {
  const { columns, problems } = columnsOf(schema);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return columns;
}

export interface Dataset extends AggregateResult {
  outDir: string;
  paths: string[];
}

type Given = Pick<AggregateOptions, 'columns' | 'key' | 'engine' | 'rows'> & Partial<AggregateOptions>;

export async function buildDataset(given: Given): Promise<Dataset> {
  const folder = await makeFolder();
  const outDir = given.outDir ?? join(folder, 'out');
  const result = await aggregate({
    batch: 'test-20260102-abc123',
    date: '2026-01-02',
    tempDir: join(folder, 'temp'),
    ...given,
    outDir,
  });
  return { ...result, outDir, paths: result.files.map((file) => join(outDir, file.name)) };
}

/** The schema's rows through encoder and engine: one page a row. */
export async function storeRows(
  schema: z.ZodObject,
  key: string[],
  rows: readonly Record<string, unknown>[],
  engine: EngineName,
): Promise<Dataset> {
  const columns = columnsIn(schema);
  const records = rows.map((row, page) => recordAt(page, 0, encodeRow(columns, row)));
  const folder = await makeFolder();
  return buildDataset({ columns, key, engine, rows: [await writeRows(folder, 'rows.ndjson', records)] });
}

/** Every value as DuckDB itself prints it, rows in the files' order: what two engines are compared by. */
export async function query(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson() as unknown[][];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export function parquetList(paths: readonly string[]): string {
  return `read_parquet([${paths.map((path) => `'${path.replaceAll("'", "''")}'`).join(', ')}])`;
}

/** Names and types as DuckDB sees them. */
export async function describeFiles(paths: readonly string[]): Promise<string[]> {
  const rows = await query(`DESCRIBE SELECT * FROM ${parquetList(paths)}`);
  return rows.map((row) => `${row[0]} ${row[1]}`);
}
