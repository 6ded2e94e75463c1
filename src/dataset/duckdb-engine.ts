/**
 * The default engine. The rows come ordered, so that nothing has to be sorted or staged: a first reading takes only their
 * keys, which tells the losers among duplicates; the second one goes straight into the files. Memory is DuckDB's limit,
 * within which keys spill, and beside it what the writer holds of a group of rows; hence those are kept small.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { RowFile } from '../spool/row-files.js';
import { ahead } from './ahead.js';
import { type Column, columnNamed, quoteName, sqlTypeOf } from './column.js';
import { quotePath, quoteText, withDuckdb } from './duckdb.js';
import { statisticsOf } from './duckdb-statistics.js';
import { type EngineJob, type EngineResult, fileName } from './engine.js';

/** DuckDB's reader allots twice its longest line, so the limit follows the data. */
const LEAST_LINE_BYTES = 2 * 1024 * 1024;
const MOST_ROWS_PER_GROUP = 122_880;
const LEAST_ROWS_PER_GROUP = 2_048;
const BYTES_PER_GROUP = 16 * 1024 * 1024;
const ROWS_PER_SHARE = 1_000_000;

/** A row's place in the dataset as one number: the page's number, then 31 bits for the place within the page. */
const PLACE = '(page::UBIGINT << 31) | "index"::UBIGINT';
const INDEX_BITS = 31n;

const UTC = "SET TimeZone = 'UTC'";

/** Files that are written at the same time, each by a thread of its own. */
const MOST_WRITERS = 2;
/** Beyond it what two readers hold of their lines is no longer little beside DuckDB's limit. */
const LONGEST_FOR_MORE_WRITERS = 8 * 1024 * 1024;

async function count(connection: DuckDBConnection, sql: string): Promise<number> {
  const rows = (await connection.runAndReadAll(sql)).getRows();
  return Number(rows[0]?.[0] ?? 0);
}

/** Writes the dataset by DuckDB. Throws what DuckDB throws. */
export async function writeByDuckdb(job: EngineJob): Promise<EngineResult> {
  return withDuckdb(
    {
      database: ':memory:',
      memoryLimitMb: job.memoryLimitMb,
      spill: join(job.scratch, 'spill'),
      signal: job.signal,
    },
    async (connection, another) => {
      // Of a statement: with more of them the same rows give other bytes each time.
      await connection.run('SET threads = 1');
      await connection.run(UTC);
      const rows = await takeKeys(connection, job);
      const read = await count(connection, 'SELECT count(*) FROM keys');
      job.onProgress({ phase: 'reading', rows: read });
      await findLosers(connection, job.key.length, read);
      const delivered = read - (await count(connection, 'SELECT count(*) FROM losers'));
      job.onProgress({ phase: 'deduplicating', rows: delivered });
      const taken = {
        rows,
        read,
        delivered,
        starts: await fileStarts(connection, job.rowsPerFile, delivered),
      };
      const writers = [connection];
      while (writers.length < writersFor(taken)) {
        const writer = await another();
        await writer.run(UTC);
        writers.push(writer);
      }
      const files = await writeFiles(writers, job, taken);
      const paths = files.map(({ path }) => path);
      const statistics = job.isPartition ? {} : await statisticsOf(writers, job.columns, paths);
      return { files, read, delivered, statistics };
    },
  );
}

/** Fills the table of places and keys, file by file as they are made. */
async function takeKeys(connection: DuckDBConnection, job: EngineJob): Promise<RowFile[]> {
  const columns = job.key.map((name) => columnNamed(job.columns, name));
  const types = columns.map(({ type }, at) => `${keyName(at)} ${sqlTypeOf(type)}`);
  await connection.run(`CREATE TABLE keys (place UBIGINT, hash UBIGINT, ${types.join(', ')})`);
  const values = columns.map(({ name }) => `"row".${quoteName(name)}`).join(', ');
  const files: RowFile[] = [];
  for await (const file of ahead(job.rows)) {
    job.signal?.throwIfAborted();
    await connection.run(
      `INSERT INTO keys SELECT ${PLACE}, hash(${values}), ${values} FROM ${rowsIn([file], columns)}`,
    );
    files.push(file);
  }
  return files;
}

/** The table's own name of a key's column, so that no name of the target's can collide with ours. */
function keyName(at: number): string {
  return `k${at}`;
}

/** What the files hold of the rows: of `columns` only. */
function rowsIn(files: readonly RowFile[], columns: readonly Column[]): string {
  const row = sqlTypeOf({ kind: 'struct', fields: [...columns] });
  if (files.length === 0)
    return `(SELECT NULL::BIGINT AS page, NULL::INTEGER AS "index", NULL::VARCHAR AS url,
       NULL::TIMESTAMP AS "fetchedAt", NULL::VARCHAR AS "carriedFrom", NULL::${row} AS "row" WHERE false)`;
  const longest = Math.max(...files.map((file) => file.longest));
  return `read_json([${files.map(({ path }) => quotePath(path)).join(', ')}],
    format = 'newline_delimited', compression = 'uncompressed', hive_partitioning = false,
    maximum_object_size = ${Math.max(LEAST_LINE_BYTES, longest + 1024)},
    columns = {page: 'BIGINT', "index": 'INTEGER', url: 'VARCHAR', "fetchedAt": 'TIMESTAMP',
              "carriedFrom": 'VARCHAR', "row": ${quoteText(row)}})`;
}

/**
 * Of the rows with one key all but the one latest in the dataset's order. Only where a key's hash occurs twice the keys
 * themselves are compared. By shares of the hashes, which bounds what is held at once.
 */
async function findLosers(connection: DuckDBConnection, keyColumns: number, read: number): Promise<void> {
  await connection.run('CREATE TABLE losers (place UBIGINT)');
  const key = Array.from({ length: keyColumns }, (_, at) => keyName(at)).join(', ');
  const shares = Math.max(1, Math.ceil(read / ROWS_PER_SHARE));
  for (let share = 0; share < shares; share += 1) {
    const inShare = `hash % ${shares} = ${share}`;
    await connection.run(
      `INSERT INTO losers
       WITH likely AS (SELECT place, ${key} FROM keys WHERE ${inShare} AND hash IN
              (SELECT hash FROM keys WHERE ${inShare} GROUP BY hash HAVING count(*) > 1)),
            winners AS (SELECT max(place) FROM likely GROUP BY ${key})
       SELECT place FROM likely WHERE place NOT IN (FROM winners)`,
    );
  }
}

/** What the first reading told. */
interface Taken {
  rows: readonly RowFile[];
  read: number;
  delivered: number;
  /** The first place of each file. */
  starts: readonly bigint[];
}

function writersFor(taken: Taken): number {
  const { rows, starts } = taken;
  const isLarge =
    rows.some(({ longest }) => longest > LONGEST_FOR_MORE_WRITERS) ||
    LEAST_ROWS_PER_GROUP * bytesPerRow(taken) > BYTES_PER_GROUP;
  return Math.min(isLarge ? 1 : MOST_WRITERS, availableParallelism(), starts.length);
}

function bytesPerRow({ rows, read }: Taken): number {
  return rows.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, read);
}

/** Rejects with the first failure, when no writer is at work any more. */
async function writeFiles(
  writers: readonly DuckDBConnection[],
  job: EngineJob,
  taken: Taken,
): Promise<EngineResult['files']> {
  const files: EngineResult['files'] = [];
  const waiting = taken.starts.keys();
  let written = 0;
  const ended = await Promise.allSettled(
    writers.map(async (writer) => {
      for (const number of waiting) {
        job.signal?.throwIfAborted();
        const path = join(job.scratch, fileName(job.batch, number));
        const rows = await count(writer, copyOf(job, taken, { number, path }));
        files[number] = { path, rows };
        written += rows;
        job.onProgress({ phase: 'writing', rows: written });
      }
    }),
  );
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return files;
}

/** The statement that writes the file of a number; it answers with the number of rows. */
function copyOf(job: EngineJob, taken: Taken, { number, path }: { number: number; path: string }): string {
  const { rows, starts } = taken;
  const columns = job.columns.map(({ name }) => `"row".${quoteName(name)} AS ${quoteName(name)}`);
  const rowsPerGroup = Math.round(
    Math.min(MOST_ROWS_PER_GROUP, Math.max(LEAST_ROWS_PER_GROUP, BYTES_PER_GROUP / bytesPerRow(taken))),
  );
  const metadata = Object.entries(job.metadata).map(
    ([key, value]) => `${quoteName(key)}: ${quoteText(value)}`,
  );
  const start = starts[number] ?? 0n;
  const end = starts[number + 1];
  const places = end === undefined ? `place >= ${start}` : `place >= ${start} AND place < ${end}`;
  // NOT IN, since of all ways to leave rows out it alone always reads on in the rows' order.
  return `COPY (
      SELECT ${columns.join(', ')}, url AS "_page_url", "fetchedAt" AS "_fetched_at", ${quoteText(job.batch)} AS "_batch"
        ${job.marksCarried ? ', "carriedFrom" AS "_carried_from"' : ''}
      FROM (SELECT *, ${PLACE} AS place FROM ${rowsIn(rows.filter(within(start, end)), job.columns)})
      WHERE ${places} AND place NOT IN (SELECT place FROM losers WHERE ${places})
    ) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowsPerGroup},
      KV_METADATA {${metadata.join(', ')}})`;
}

/** Whether a file may hold rows from one place up to another. */
function within(start: bigint, end: bigint | undefined): (file: RowFile) => boolean {
  return ({ firstPage, lastPage }) =>
    BigInt(lastPage) >= start >> INDEX_BITS && (end === undefined || BigInt(firstPage) <= end >> INDEX_BITS);
}

/** The first place of each file; one file at least, even of no rows. */
async function fileStarts(
  connection: DuckDBConnection,
  rowsPerFile: number,
  delivered: number,
): Promise<bigint[]> {
  if (delivered <= rowsPerFile) return [0n];
  // Keys stand in the order of their places.
  const result = await connection.runAndReadAll(
    `SELECT place FROM (SELECT place, row_number() OVER () - 1 AS n FROM keys WHERE place NOT IN (FROM losers))
     WHERE n % ${rowsPerFile} = 0 ORDER BY n`,
  );
  return result.getRows().map(([place]) => BigInt(String(place)));
}
