/**
 * Settles what a batch's segments say: one attempt counts for each page. A completed attempt beats any other outcome,
 * and of two of the same kind the later one counts; what the others wrote does not exist.
 *
 * First all commits are checked and counted, and what was committed is put into the order of the pages; then it is read
 * in that order, where the attempts at one page stand beside each other.
 *
 * Memory is one bit a page, an entry for each page that was committed more than once (those in flight at a kill), and
 * what is sorted at once; of segments that are worth two threads, all of that twice.
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { HAS_QUARANTINED, IS_DEAD, IS_ELSEWHERE, NOTHING } from './collect.js';
import { collectByThreads } from './collect-by-threads.js';
import { createLineFile, type LineFile } from './line-file.js';
import { isRowLine, linesAt, linesIn } from './lines.js';
import { inPageOrder } from './page-order.js';
import type { PageRecord } from './record.js';
import { createRowFiles, type RowFile, type RowFiles } from './row-files.js';
import type { Entry } from './run.js';
import { listSegments } from './segment-reader.js';
import { type CommittedTotals, count } from './totals.js';
import { supersedes, type Voids } from './which-counts.js';

export interface CollectOptions {
  segments: string;
  /** Where the files of rows go. Made when it is not there; needs twice what was committed. */
  work: string;
  /** NDJSON files to write: QuarantinedRecord and (outcome dead) PageRecord lines, in the order of the pages. */
  quarantined: string;
  dead: string;
  voids?: Voids;
  /** Bytes of segments from which on two threads check them; default 64 MB. */
  worthAThread?: number | undefined;
  signal?: AbortSignal;
}

export interface Committed {
  /** The rows that count, a file as soon as it is complete. To be read once; writes the other files, too. */
  rows: AsyncGenerator<RowFile>;
  /** Right when `rows` has been read to its end. */
  totals: CommittedTotals;
}

/** Checks and counts all commits. Throws what the file system throws, and the signal's reason. */
export async function collectCommitted(options: CollectOptions): Promise<Committed> {
  const files = await listSegments(options.segments);
  const runs = path.join(options.work, 'runs');
  await mkdir(runs, { recursive: true });
  const { voids = {}, worthAThread, signal } = options;
  const collected = await collectByThreads({ files, runs, voids, worthAThread }, signal);
  const { totals } = collected;
  return {
    rows: settled({ ...{ options, files, totals }, runs: collected.runs, repeated: collected.repeated }),
    totals,
  };
}

interface Checked {
  options: CollectOptions;
  /** The segments, by their numbers in the entries. */
  files: readonly string[];
  runs: readonly string[];
  repeated: ReadonlySet<number>;
  totals: CommittedTotals;
}

async function* settled(checked: Checked): AsyncGenerator<RowFile> {
  const { options, files, repeated, runs } = checked;
  const rows = createRowFiles(options.work);
  const others: LineFile[] = [];
  try {
    const quarantined = await createLineFile(options.quarantined);
    others.push(quarantined);
    const dead = await createLineFile(options.dead);
    others.push(dead);
    const sinks: Sinks = { rows, quarantined, dead, files };
    let rivals: Entry[] = [];
    for await (const entries of inPageOrder(runs)) {
      options.signal?.throwIfAborted();
      for (const entry of entries) {
        if (rivals[0] !== undefined && rivals[0].page !== entry.page) {
          await put(await winnerOf(rivals, checked), sinks);
          rivals = [];
        }
        if (repeated.has(entry.page)) {
          rivals.push({ ...entry, marks: entry.marks | IS_ELSEWHERE, body: NOTHING });
          continue;
        }
        const writing = put(entry, sinks);
        if (writing !== undefined) await writing;
      }
      for (const file of others) await file.settle();
      yield* rows.take();
    }
    if (rivals.length > 0) await put(await winnerOf(rivals, checked), sinks);
  } finally {
    await Promise.all([rows.close(), ...others.map((file) => file.close())]);
  }
  yield* rows.take();
  for (const run of runs) await rm(run); // while the last rows are being read
}

/** Of attempts at one page. Two commits of the same content are as good as one. */
async function winnerOf(rivals: readonly Entry[], { files, totals }: Checked): Promise<Entry> {
  const attempts: { entry: Entry; record: PageRecord }[] = [];
  for (const entry of rivals)
    attempts.push({ entry, record: JSON.parse((await commitOf(entry, files)).toString('utf8')) });
  const winner = attempts.reduce((best, one) => (supersedes(one.record, best.record) ? one : best));
  for (const { entry, record } of attempts) {
    if (entry === winner.entry) continue;
    count(totals, record, -1);
    totals.superseded += 1;
  }
  return winner.entry;
}

async function commitOf(
  { segment, start, bytes, commitBytes }: Entry,
  files: readonly string[],
): Promise<Buffer> {
  const lines: Buffer[] = [];
  const place = { file: files[segment] ?? '', start: start + bytes, bytes: commitBytes };
  for await (const some of linesAt(place)) lines.push(...some);
  return Buffer.concat(lines);
}

interface Sinks {
  rows: RowFiles;
  quarantined: LineFile;
  dead: LineFile;
  files: readonly string[];
}

function put(entry: Entry, sinks: Sinks): Promise<void> | undefined {
  const { page, marks, body } = entry;
  if ((marks & (IS_DEAD | IS_ELSEWHERE)) !== 0) return putFromSegment(entry, sinks);
  if ((marks & HAS_QUARANTINED) !== 0) return putLines(linesIn(body), page, sinks);
  return body.length > 0 ? sinks.rows.write(body, { page, longest: body.length }) : undefined;
}

async function putFromSegment(entry: Entry, sinks: Sinks): Promise<void> {
  const { page, marks, segment, start, bytes } = entry;
  for await (const lines of linesAt({ file: sinks.files[segment] ?? '', start, bytes }))
    await putLines(lines, page, sinks);
  if ((marks & IS_DEAD) !== 0) sinks.dead.write(await commitOf(entry, sinks.files));
}

async function putLines(lines: Iterable<Buffer>, page: number, { rows, quarantined }: Sinks): Promise<void> {
  for (const line of lines) {
    if (isRowLine(line)) await rows.write(line, { page, longest: line.length });
    else quarantined.write(line);
  }
  await quarantined.settle();
}
