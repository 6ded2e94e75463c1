/**
 * Settles what a batch's segments say: one attempt counts for each page. A completed attempt beats any other outcome,
 * and of two of the same kind the later one counts; what the others wrote does not exist.
 *
 * First all commits are checked and counted, and what was committed is put into the order of the pages; then it is read
 * in that order, where the attempts at one page stand beside each other.
 *
 * Memory is one bit a page, an entry for each page that was committed more than once (those in flight at a kill), and
 * what the order sorts at once.
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { createLineFile, type LineFile } from './line-file.js';
import { isRowLine, linesAt, linesIn } from './lines.js';
import { createNumberSet } from './number-set.js';
import { createPageOrder, type PageOrder } from './page-order.js';
import type { PageRecord } from './record.js';
import { createRowFiles, type RowFile, type RowFiles } from './row-files.js';
import type { Entry } from './run.js';
import { type CommittedGroup, readGroupBatches } from './segment-reader.js';
import { type CommittedTotals, count, noTotals } from './totals.js';

export interface CollectOptions {
  segments: string;
  /** Where the files of rows go. Made when it is not there; needs twice what was committed. */
  work: string;
  /** NDJSON files to write: QuarantinedRecord and (outcome dead) PageRecord lines, in the order of the pages. */
  quarantined: string;
  dead: string;
  voids?: Voids;
  signal?: AbortSignal;
}

export interface Committed {
  /** The rows that count, a file as soon as it is complete. To be read once; writes the other files, too. */
  rows: AsyncGenerator<RowFile>;
  /** Right when `rows` has been read to its end. */
  totals: CommittedTotals;
}

/** What was committed and does not count. */
export interface Voids {
  /** Dead letters committed before this ISO time: they were put back into the batch. */
  deadBefore?: string | undefined;
  /** Pages of documents beyond the `nth` to which each of these was proven. Undefined: they count. */
  softBeyond?: ReadonlyMap<string, number> | undefined;
  /** Pages that were carried over do not count. */
  carried?: boolean | undefined;
}

/** True when `a` counts rather than `b`, two attempts at the same page. */
export function supersedes(a: PageRecord, b: PageRecord): boolean {
  if ((a.outcome === 'completed') !== (b.outcome === 'completed')) return a.outcome === 'completed';
  return a.at !== b.at ? a.at > b.at : a.attempt >= b.attempt;
}

/** True for a commit that does not count. */
export function isVoid(
  { outcome, at, soft, carried }: PageRecord,
  { deadBefore, softBeyond, carried: noneCarried = false }: Voids,
): boolean {
  if (carried !== undefined) return noneCarried;
  if (outcome === 'dead') return deadBefore !== undefined && at < deadBefore;
  return soft !== undefined && softBeyond !== undefined && soft.nth > (softBeyond.get(soft.document) ?? 0);
}

/** Checks and counts all commits. Throws what the file system throws, and the signal's reason. */
export async function collectCommitted(options: CollectOptions): Promise<Committed> {
  const { segments, work, voids = {}, signal } = options;
  const runs = path.join(work, 'runs');
  await mkdir(runs, { recursive: true });
  const order = createPageOrder(runs);
  const seen = createNumberSet();
  const repeated = new Set<number>();
  const totals = noTotals();
  const files: string[] = [];
  for await (const groups of readGroupBatches(segments)) {
    signal?.throwIfAborted();
    for (const group of groups) {
      const { page } = group;
      if (isVoid(page, voids)) continue;
      if (!seen.add(page.page)) repeated.add(page.page);
      if (page.proxyBytes !== undefined) totals.proxyBytes = (totals.proxyBytes ?? 0) + page.proxyBytes;
      count(totals, page, 1);
      if (group.place.file !== files.at(-1)) files.push(group.place.file);
      const written = order.add(entryOf(group, files.length - 1));
      if (written !== undefined) await written;
    }
  }
  return { rows: settled({ options, order, files, repeated, totals, runs }), totals };
}

/** What stands in an entry's body, and what is to become of its commit. */
const HAS_QUARANTINED = 1;
const IS_DEAD = 2;
const IS_ELSEWHERE = 4;

const NOTHING = Buffer.alloc(0);

function entryOf({ page, place, commitBytes, body }: CommittedGroup, segment: number): Entry {
  return {
    page: page.page,
    marks:
      (page.quarantined > 0 ? HAS_QUARANTINED : 0) |
      (page.outcome === 'dead' ? IS_DEAD : 0) |
      (body === undefined ? IS_ELSEWHERE : 0),
    segment,
    start: place.start,
    bytes: place.bytes,
    commitBytes,
    body: body ?? NOTHING,
  };
}

interface Collected {
  options: CollectOptions;
  order: PageOrder;
  /** The segments, by their numbers in the entries. */
  files: readonly string[];
  repeated: ReadonlySet<number>;
  totals: CommittedTotals;
  runs: string;
}

async function* settled(collected: Collected): AsyncGenerator<RowFile> {
  const { options, order, files, repeated, runs } = collected;
  const rows = createRowFiles(options.work);
  const others: LineFile[] = [];
  try {
    const quarantined = await createLineFile(options.quarantined);
    others.push(quarantined);
    const dead = await createLineFile(options.dead);
    others.push(dead);
    const sinks: Sinks = { rows, quarantined, dead, files };
    let rivals: Entry[] = [];
    for await (const entries of order.inOrder()) {
      options.signal?.throwIfAborted();
      for (const entry of entries) {
        if (rivals[0] !== undefined && rivals[0].page !== entry.page) {
          await put(await winnerOf(rivals, collected), sinks);
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
    if (rivals.length > 0) await put(await winnerOf(rivals, collected), sinks);
    await rm(runs, { recursive: true, force: true });
  } finally {
    await Promise.all([rows.close(), ...others.map((file) => file.close())]);
  }
  yield* rows.take();
}

/** Of attempts at one page. Two commits of the same content are as good as one. */
async function winnerOf(rivals: readonly Entry[], { files, totals }: Collected): Promise<Entry> {
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
