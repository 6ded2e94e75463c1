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
import { collectCommitted } from '../../../src/spool/committed.js';
import { recordsOf } from '../../../src/spool/lines.js';
import type { RowRecord } from '../../../src/spool/record.js';
import { createSegmentWriter } from '../../../src/spool/segment-writer.js';

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

/** `rows`: files of row lines in any order, or what a spool made. */
type Given = Pick<AggregateOptions, 'columns' | 'key' | 'engine'> &
  Partial<Omit<AggregateOptions, 'rows'>> & { rows: readonly string[] | AggregateOptions['rows'] };

export async function buildDataset(given: Given): Promise<Dataset> {
  const folder = await makeFolder();
  const outDir = given.outDir ?? join(folder, 'out');
  const result = await aggregate({
    batch: 'test-20260102-abc123',
    date: '2026-01-02',
    tempDir: join(folder, 'temp'),
    ...given,
    rows: Array.isArray(given.rows)
      ? await spooled(given.rows, folder)
      : (given.rows as AggregateOptions['rows']),
    outDir,
  });
  return { ...result, outDir, paths: result.files.map((file) => join(outDir, file.name)) };
}

/** As a batch has its rows: committed by page, in the order in which the pages first come, and collected again. */
async function spooled(files: readonly string[], folder: string): Promise<AggregateOptions['rows']> {
  const pages = new Map<number, RowRecord[]>();
  for (const file of files) {
    for await (const record of recordsOf<RowRecord>(file))
      pages.set(record.page, [...(pages.get(record.page) ?? []), record]);
  }
  const segments = join(folder, 'segments');
  const writer = createSegmentWriter({ dir: segments, writer: 'w', maxBytes: 100_000 });
  await Promise.all(
    [...pages].map(([page, found]) => {
      const rows = found.sort((a, b) => a.index - b.index);
      const at = rows[0]?.fetchedAt ?? '';
      const commit = { page, url: rows[0]?.url ?? '', outcome: 'completed', attempt: 1, at } as const;
      return writer.append({ rows, quarantined: [], page: commit });
    }),
  );
  await writer.close();
  const { rows } = await collectCommitted({
    segments,
    work: join(folder, "it's [0]*?"),
    quarantined: join(folder, 'quarantined'),
    dead: join(folder, 'dead'),
  });
  return rows;
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
