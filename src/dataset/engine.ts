/** What a Parquet engine is: staged rows in, files and statistics out. The two are held to the same results. */
import type { RowFile } from '../spool/row-files.js';
import type { Column } from './column.js';

/** `duckdb` is the default; `parquetjs` is pure JavaScript, for machines without DuckDB's native module. */
export type EngineName = 'duckdb' | 'parquetjs';

/** Characters of a text column's least and greatest value that are kept. */
export const TEXT_KEPT = 256;

/** Min and max are as the rows encode them (instants and days as ISO text, decimals and big integers as text). */
export interface ColumnStatistics {
  nulls: number;
  /** Scalar columns with a value only; text is cut at 256 characters. */
  min?: string | number | boolean;
  max?: string | number | boolean;
  /** Scalar columns only; approximate, within a few percent. */
  distinct?: number;
}

export interface AggregateProgress {
  phase: 'reading' | 'deduplicating' | 'writing';
  /** Rows done in this phase. */
  rows: number;
}

export interface EngineJob {
  /** To be read once; the files themselves stay until the job is done. */
  rows: AsyncIterable<RowFile>;
  columns: readonly Column[];
  key: readonly string[];
  batch: string;
  rowsPerFile: number;
  /** A column `_carried_from` beside the other extra ones: NULL for a row that this batch fetched. */
  marksCarried: boolean;
  memoryLimitMb: number;
  /** The rows are one partition of several. */
  isPartition: boolean;
  /** An empty folder that the engine may fill; its caller removes it. */
  scratch: string;
  /** Written into each file's key-value metadata. */
  metadata: Readonly<Record<string, string>>;
  signal: AbortSignal | undefined;
  onProgress(progress: AggregateProgress): void;
}

export interface EngineResult {
  /** In the scratch folder, in the order of their rows. */
  files: { path: string; rows: number }[];
  read: number;
  delivered: number;
  /** Of a partition only what the statistics of all of them are put together from (`statisticsOfPartitions`). */
  statistics: Record<string, ColumnStatistics>;
  /** Of a partition, by column: what its distinct values are put together from. Of the parquetjs engine alone. */
  sketches?: Record<string, string>;
}

/** Where a file of the dataset is written first: `BATCH-00000.parquet`, counting up. */
export function fileName(batch: string, place: number): string {
  return `${batch}-${String(place).padStart(5, '0')}.parquet`;
}
