/** The pure-JavaScript engine: a first reading of the rows for their keys, deduplicated in parts on disk; a second one by parquetjs-lite. */
import { join } from 'node:path';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { NumberSet } from '../spool/number-set.js';
import type { RowFile } from '../spool/row-files.js';
import type { Column } from './column.js';
import { createTally } from './column-tally.js';
import { dedupByHash, rowLines } from './dedup-by-hash.js';
import { type EngineJob, type EngineResult, fileName } from './engine.js';
import { createParquetFile, type ParquetFile } from './parquetjs-file.js';
import { recordOf } from './parquetjs-record.js';
import { layoutOf } from './parquetjs-schema.js';

const EXTRA: readonly Column[] = [
  { name: '_page_url', type: { kind: 'string' }, nullable: false },
  { name: '_fetched_at', type: { kind: 'timestamp' }, nullable: false },
  { name: '_batch', type: { kind: 'string' }, nullable: false },
];

const CARRIED: Column = { name: '_carried_from', type: { kind: 'string' }, nullable: true };

/** Shredding is synchronous, and the process has locks to renew meanwhile. */
const ROWS_PER_TURN = 500;
const PROGRESS_ROWS = 10_000;

/** Writes the dataset by parquetjs-lite. Throws what the file system or the library throws. */
export async function writeByParquetjs(job: EngineJob): Promise<EngineResult> {
  const rows: RowFile[] = [];
  for await (const file of job.rows) rows.push(file);
  const { losers, read } = await dedupByHash(job, rows);
  const columns = [...job.columns, ...EXTRA, ...(job.marksCarried ? [CARRIED] : [])];
  const layout = layoutOf(columns);
  const tallies = job.columns.map((column) => ({ name: column.name, tally: createTally(column.type) }));
  const files: EngineResult['files'] = [];
  let delivered = 0;
  let open: ParquetFile | undefined;

  const begin = async (): Promise<ParquetFile> => {
    const path = join(job.scratch, fileName(job.batch, files.length));
    open = await createParquetFile(path, layout, job.metadata);
    files.push({ path, rows: 0 });
    return open;
  };

  try {
    let file = await begin();
    for await (const line of winners(rows, losers)) {
      const { row, url, fetchedAt, carriedFrom } = JSON.parse(line.toString()) as {
        row: Record<string, unknown>;
        url: string;
        fetchedAt: string;
        carriedFrom?: string;
      };
      if (delivered > 0 && delivered % job.rowsPerFile === 0) {
        await file.finish();
        file = await begin();
      }
      for (const { name, tally } of tallies) tally.add(Object.hasOwn(row, name) ? row[name] : null);
      const extra = { _page_url: url, _fetched_at: fetchedAt, _batch: job.batch, _carried_from: carriedFrom };
      const whole = { ...row, ...extra };
      await file.append(recordOf(columns, whole), line.length);
      delivered += 1;
      const current = files.at(-1);
      if (current) current.rows += 1;
      if (delivered % ROWS_PER_TURN === 0) {
        job.signal?.throwIfAborted();
        await turnOfTheLoop();
      }
      if (delivered % PROGRESS_ROWS === 0) job.onProgress({ phase: 'writing', rows: delivered });
    }
    await file.finish();
    open = undefined;
  } finally {
    await open?.abandon();
  }
  job.onProgress({ phase: 'writing', rows: delivered });
  const statistics = Object.fromEntries(tallies.map(({ name, tally }) => [name, tally.result()]));
  if (!job.isPartition) return { files, read, delivered, statistics };
  const sketches = Object.fromEntries(tallies.map(({ name, tally }) => [name, tally.sketch?.() ?? '']));
  return { files, read, delivered, statistics, sketches };
}

async function* winners(rows: readonly RowFile[], losers: NumberSet): AsyncGenerator<Buffer> {
  let place = 0;
  for await (const lines of rowLines(rows)) {
    for (const line of lines) {
      if (!losers.has(place)) yield line;
      place += 1;
    }
  }
}
