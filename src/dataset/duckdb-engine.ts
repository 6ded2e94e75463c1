/**
 * The default engine. Rows go into a table on disk, the losers among duplicates are deleted there, and each file is
 * one ordered COPY of a range; all of it within `memoryLimitMb`, spilling beside the table. What DuckDB holds outside of
 * its limit are groups of rows, one or more a thread, so both the table's and the files' are kept small.
 */
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { ThreshError } from '../errors.js';
import { type Column, quoteName, sqlTypeOf } from './column.js';
import { quotePath, quoteText, withDuckdb } from './duckdb.js';
import { statisticsOf } from './duckdb-statistics.js';
import { type EngineJob, type EngineResult, fileName } from './engine.js';
import { measureLines } from './ndjson-lines.js';

/** DuckDB's reader allots twice its longest line to each thread, so the limit follows the data. */
const LEAST_LINE_BYTES = 2 * 1024 * 1024;
const MOST_ROWS_PER_GROUP = 122_880;
const LEAST_ROWS_PER_GROUP = 2_048;
const BYTES_PER_GROUP = 16 * 1024 * 1024;
const BYTES_PER_STAGED_GROUP = 8 * 1024 * 1024;
/** The table's groups are of 2,048 rows times a power of two, below DuckDB's own 122,880. */
const MOST_ROWS_PER_STAGED_GROUP = 65_536;
const ROWS_PER_SHARE = 1_000_000;

/** A row's place in the dataset as one number: the page's number, then 31 bits for the place within the page. */
const PLACE = '(page::UBIGINT << 31) | "index"::UBIGINT';

/** The table's own name of a column, so that no name of the target's can collide with ours. */
function staged(place: number): string {
  return `c${place}`;
}

async function count(connection: DuckDBConnection, sql: string): Promise<number> {
  const rows = (await connection.runAndReadAll(sql)).getRows();
  return Number(rows[0]?.[0] ?? 0);
}

/** Writes the dataset by DuckDB. Throws what DuckDB throws. */
export async function writeByDuckdb(job: EngineJob): Promise<EngineResult> {
  if (job.scratch.includes('?')) {
    // DuckDB takes what follows for options when it names the log beside its table.
    throw new ThreshError(`DuckDB cannot work in a folder with ? in its path: ${job.scratch}`, {
      code: 'DATASET_FAILED',
      scope: 'batch',
      mend: 'choose a THRESH_HOME without ?',
    });
  }
  const { bytes, lines, longest } = await measureLines(job.rows);
  const bytesPerRow = bytes / Math.max(1, lines);
  return withDuckdb(
    {
      database: ':memory:',
      memoryLimitMb: job.memoryLimitMb,
      spill: join(job.scratch, 'spill'),
      signal: job.signal,
    },
    async (connection) => {
      await connection.run("SET TimeZone = 'UTC'");
      await openTable(connection, job, bytesPerRow);
      await stage(connection, job, longest);
      const read = await count(connection, 'SELECT count(*) FROM staged');
      job.onProgress({ phase: 'reading', rows: read });
      await deleteDuplicates(connection, job, read);
      // Before the files are written: afterwards the process holds more.
      const statistics = await statisticsOf(connection, job.columns, staged);
      const delivered = await count(connection, 'SELECT count(*) FROM staged');
      job.onProgress({ phase: 'deduplicating', rows: delivered });
      const files = await writeFiles(connection, job, { delivered, bytesPerRow });
      return { files, read, delivered, statistics };
    },
  );
}

/** Uncompressed: the table lives for seconds, and choosing a compression takes a third of the time of filling it. */
async function openTable(connection: DuckDBConnection, job: EngineJob, bytesPerRow: number): Promise<void> {
  const fitting = Math.max(LEAST_ROWS_PER_GROUP, BYTES_PER_STAGED_GROUP / bytesPerRow);
  const rowsPerGroup = Math.min(MOST_ROWS_PER_STAGED_GROUP, 2 ** Math.floor(Math.log2(fitting)));
  await connection.run(
    `ATTACH ${quoteText(join(job.scratch, 'staged.duckdb'))} AS disk (ROW_GROUP_SIZE ${rowsPerGroup})`,
  );
  await connection.run('USE disk');
  await connection.run("SET force_compression = 'uncompressed'");
}

async function stage(connection: DuckDBConnection, job: EngineJob, longest: number): Promise<void> {
  const columns = job.columns.map((column, place) => `${staged(place)} ${sqlTypeOf(column.type)}`);
  await connection.run(
    `CREATE TABLE staged (place UBIGINT, url VARCHAR, fetched TIMESTAMP, carried VARCHAR, ${columns.join(', ')})`,
  );
  if (job.rows.length === 0) return;
  const row = sqlTypeOf({ kind: 'struct', fields: [...job.columns] });
  const fields = job.columns.map((column) => `"row".${quoteName(column.name)}`);
  await connection.run(
    `INSERT INTO staged SELECT ${PLACE}, url, "fetchedAt", "carriedFrom", ${fields.join(', ')}
     FROM read_json([${job.rows.map(quotePath).join(', ')}],
       format = 'newline_delimited', compression = 'uncompressed',
       maximum_object_size = ${Math.max(LEAST_LINE_BYTES, longest + 1024)},
       columns = {kind: 'VARCHAR', page: 'BIGINT', "index": 'INTEGER', url: 'VARCHAR', "fetchedAt": 'TIMESTAMP',
                  "carriedFrom": 'VARCHAR', "row": ${quoteText(row)}})
     WHERE kind = 'row'`,
  );
}

/**
 * Of the rows with one key the one latest in the dataset's order stays; of equal places the one read last. By shares of
 * the keys: the winners of all of them at once, ten million, did not fit into the limit.
 */
async function deleteDuplicates(connection: DuckDBConnection, job: EngineJob, read: number): Promise<void> {
  const key = job.key.map((name) => staged(placeOf(job.columns, name))).join(', ');
  const shares = Math.max(1, Math.ceil(read / ROWS_PER_SHARE));
  for (let share = 0; share < shares; share += 1) {
    const inShare = `hash(${key}) % ${shares} = ${share}`;
    await connection.run(
      `DELETE FROM staged WHERE ${inShare} AND rowid NOT IN (
         SELECT (max((place::HUGEINT << 40) | rowid::HUGEINT) & ((1::HUGEINT << 40) - 1))::BIGINT
         FROM staged WHERE ${inShare} GROUP BY ${key})`,
    );
  }
}

function placeOf(columns: readonly Column[], name: string): number {
  const place = columns.findIndex((column) => column.name === name);
  if (place < 0) throw new Error(`the key names ${JSON.stringify(name)}, which is no column`);
  return place;
}

async function writeFiles(
  connection: DuckDBConnection,
  job: EngineJob,
  size: { delivered: number; bytesPerRow: number },
): Promise<EngineResult['files']> {
  const starts = await fileStarts(connection, job.rowsPerFile, size.delivered);
  const columns = job.columns.map((column, place) => `${staged(place)} AS ${quoteName(column.name)}`);
  const rowsPerGroup = Math.round(
    Math.min(MOST_ROWS_PER_GROUP, Math.max(LEAST_ROWS_PER_GROUP, BYTES_PER_GROUP / size.bytesPerRow)),
  );
  const metadata = Object.entries(job.metadata).map(
    ([key, value]) => `${quoteName(key)}: ${quoteText(value)}`,
  );
  const files: EngineResult['files'] = [];
  let written = 0;
  for (const [place, start] of starts.entries()) {
    const path = join(job.scratch, fileName(job.batch, place));
    const end = starts[place + 1];
    const rows = await count(
      connection,
      `COPY (
         SELECT ${columns.join(', ')}, url AS "_page_url", fetched AS "_fetched_at", ${quoteText(job.batch)} AS "_batch"
           ${job.marksCarried ? ', carried AS "_carried_from"' : ''}
         FROM staged WHERE place >= ${start} ${end === undefined ? '' : `AND place < ${end}`} ORDER BY place
       ) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowsPerGroup},
         KV_METADATA {${metadata.join(', ')}})`,
    );
    files.push({ path, rows });
    written += rows;
    job.onProgress({ phase: 'writing', rows: written });
  }
  return files;
}

/** The first place of each file; one file at least, even of no rows. */
async function fileStarts(
  connection: DuckDBConnection,
  rowsPerFile: number,
  delivered: number,
): Promise<string[]> {
  if (delivered <= rowsPerFile) return ['0'];
  const result = await connection.runAndReadAll(
    `SELECT place::VARCHAR FROM (SELECT place, row_number() OVER (ORDER BY place) - 1 AS n FROM staged)
     WHERE n % ${rowsPerFile} = 0 ORDER BY n`,
  );
  return result.getRows().map((row) => String(row[0]));
}
