/** DuckDB, loaded only when it is used: the module is native and may not exist for a machine. */
import { availableParallelism } from 'node:os';
import type { DuckDBConnection } from '@duckdb/node-api';
import { reasonOf, ThreshError } from '../errors.js';

type DuckDB = typeof import('@duckdb/node-api');

/** Under this much memory a thread DuckDB may run out before it spills: at 128 it did, on a busy machine. */
const MB_PER_THREAD = 256;

/** What is freed goes back to the system. By default DuckDB keeps it: 170 MB beyond its limit with three million rows. */
const GIVES_BACK = {
  allocator_flush_threshold: '16MB',
  allocator_bulk_deallocation_flush_threshold: '16MB',
};

/** Throws `DATASET_FAILED`, with what to do, where the native module cannot be loaded. */
export async function loadDuckdb(
  load: () => Promise<DuckDB> = () => import('@duckdb/node-api'),
): Promise<DuckDB> {
  try {
    return await load();
  } catch (error) {
    throw new ThreshError(`DuckDB cannot be loaded on this machine: ${reasonOf(error)}`, {
      code: 'DATASET_FAILED',
      scope: 'batch',
      mend: 'set THRESH_PARQUET=parquetjs to use the pure-JavaScript engine, or install without --omit=optional',
      cause: error,
    });
  }
}

/** A path or any other text as a SQL literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A path as a literal of `read_json` and `read_parquet`, which take `*`, `?` and `[` for patterns. */
export function quotePath(path: string): string {
  return quoteText(path.replace(/[*?[]/g, '[$&]'));
}

export interface DuckdbOptions {
  /** A file, or `:memory:`. */
  database: string;
  memoryLimitMb: number;
  /** Where DuckDB spills to. */
  spill: string;
  signal?: AbortSignal | undefined;
}

/**
 * Runs `work` on a connection of its own, which is closed whatever happens, as are those that `another` opens to the same
 * database. An abort interrupts their statements.
 */
export async function withDuckdb<T>(
  options: DuckdbOptions,
  work: (connection: DuckDBConnection, another: () => Promise<DuckDBConnection>) => Promise<T>,
): Promise<T> {
  const { DuckDBInstance } = await loadDuckdb();
  const threads = Math.max(
    1,
    Math.min(availableParallelism(), Math.floor(options.memoryLimitMb / MB_PER_THREAD)),
  );
  const instance = await DuckDBInstance.create(options.database, {
    memory_limit: `${options.memoryLimitMb}MB`,
    threads: String(threads),
    temp_directory: options.spill,
    ...GIVES_BACK,
  });
  const connections: DuckDBConnection[] = [];
  const another = async () => {
    const connection = await instance.connect();
    connections.push(connection);
    return connection;
  };
  const interrupt = () => {
    for (const connection of connections) connection.interrupt();
  };
  options.signal?.addEventListener('abort', interrupt);
  try {
    return await work(await another(), another);
  } finally {
    options.signal?.removeEventListener('abort', interrupt);
    for (const connection of connections) connection.closeSync();
    instance.closeSync();
  }
}
