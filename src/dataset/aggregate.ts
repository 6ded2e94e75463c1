/** From the rows of a batch's segments to its Parquet files: deduplicated, ordered, in flat memory. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isThreshError, reasonOf, ThreshError } from '../errors.js';
import type { RowFile } from '../spool/row-files.js';
import { type Column, schemaHash } from './column.js';
import { writeByDuckdb } from './duckdb-engine.js';
import type { AggregateProgress, ColumnStatistics, EngineJob, EngineName } from './engine.js';
import { writeByParquetjs } from './parquetjs-engine.js';
import { type PublishedFile, publish } from './publish.js';

/** DuckDB's own limit. With some 250 MB of the process beside it, ten million rows stay under 512 MB. */
export const DEFAULT_MEMORY_LIMIT_MB = 192;
const DEFAULT_ROWS_PER_FILE = 500_000;

export interface AggregateOptions {
  /** Ordered by (page, index), which no two rows share; every line is committed and valid. Read while they are made. */
  rows: AsyncIterable<RowFile>;
  columns: readonly Column[];
  /** Names of columns that are never NULL (`checkKey`). */
  key: readonly string[];
  /** The batch's id: the column `_batch` and the beginning of the files' names. */
  batch: string;
  /** `YYYY-MM-DD`, kept in the files' metadata. */
  date: string;
  /** Where the finished files go; made when it is not there. */
  outDir: string;
  engine: EngineName;
  /** A column `_carried_from` beside the other extra ones. Default false. */
  marksCarried?: boolean;
  /** The rows are one partition of several (partition.ts). Default false. */
  isPartition?: boolean;
  /** Default 192: DuckDB's own limit; the process needs some 250 MB beside it. */
  memoryLimitMb?: number;
  /** Default 500,000: more of them in one file would leave a second core without work. */
  rowsPerFile?: number;
  /** Needs about as much as the rows take. A folder of its own is made in it and removed at the end. */
  tempDir: string;
  signal?: AbortSignal | undefined;
  onProgress?: (progress: AggregateProgress) => void;
}

export interface AggregateResult {
  files: PublishedFile[];
  /** Row lines in the files: delivered + duplicates. */
  read: number;
  delivered: number;
  duplicates: number;
  /** Of a partition only what those of all are put together from. */
  statistics: Record<string, ColumnStatistics>;
  sketches?: Record<string, string>;
}

/**
 * Writes a batch's dataset. Of the rows with one key that of the greatest (page, index) is kept; the files' rows are
 * ordered by (page, index), as they come, so that the same rows give the same dataset.
 * Nothing is left in `outDir` or `tempDir` when it throws: `INTERRUPTED` on abort, `OUTPUT_UNWRITABLE` when a folder
 * cannot be written or is full, else `DATASET_FAILED`.
 */
export async function aggregate(options: AggregateOptions): Promise<AggregateResult> {
  let scratch: string | undefined;
  try {
    options.signal?.throwIfAborted();
    await mkdir(options.tempDir, { recursive: true });
    scratch = await mkdtemp(join(options.tempDir, 'aggregate-'));
    const job: EngineJob = {
      rows: options.rows,
      columns: options.columns,
      key: options.key,
      batch: options.batch,
      rowsPerFile: options.rowsPerFile ?? DEFAULT_ROWS_PER_FILE,
      memoryLimitMb: options.memoryLimitMb ?? DEFAULT_MEMORY_LIMIT_MB,
      marksCarried: options.marksCarried ?? false,
      isPartition: options.isPartition ?? false,
      scratch,
      metadata: {
        'thresh.batch': options.batch,
        'thresh.date': options.date,
        'thresh.schema': schemaHash(options.columns),
      },
      signal: options.signal,
      onProgress: (progress) => options.onProgress?.(progress),
    };
    const { files, read, delivered, ...told } =
      options.engine === 'duckdb' ? await writeByDuckdb(job) : await writeByParquetjs(job);
    options.signal?.throwIfAborted();
    const published = await publish(files, options.outDir);
    return { files: published, read, delivered, duplicates: read - delivered, ...told };
  } catch (error) {
    throw failureOf(error, options.signal);
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
  }
}

const UNWRITABLE: readonly (string | undefined)[] = [
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTDIR',
  'EEXIST',
];

function failureOf(error: unknown, signal: AbortSignal | undefined): ThreshError {
  if (signal?.aborted) {
    return new ThreshError('the aggregation was interrupted', {
      code: 'INTERRUPTED',
      scope: 'batch',
      retry: 'later',
      cause: error,
    });
  }
  if (isThreshError(error)) return error;
  if (UNWRITABLE.includes((error as NodeJS.ErrnoException | undefined)?.code)) {
    return new ThreshError(`the dataset cannot be written: ${reasonOf(error)}`, {
      code: 'OUTPUT_UNWRITABLE',
      scope: 'batch',
      mend: 'make the folder writable, or free space in it',
      cause: error,
    });
  }
  return new ThreshError(`the dataset could not be built: ${reasonOf(error)}`, {
    code: 'DATASET_FAILED',
    scope: 'batch',
    cause: error,
  });
}
