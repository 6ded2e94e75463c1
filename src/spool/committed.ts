/**
 * Settles what a batch's segments say: one attempt counts for each page. A completed attempt beats any other outcome,
 * and of two of the same kind the later one counts; what the others wrote does not exist.
 *
 * Memory is one bit a page, and an entry for each page that was committed more than once (those in flight at a kill).
 */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { PageOutcome, PageRecord } from './record.js';
import { readAllGroups } from './segment-reader.js';

export interface CommittedTotals {
  outcomes: Record<PageOutcome, number>;
  /** Of those completed: gone to within an application. */
  soft: number;
  /** At the pages that have an outcome, up to it. */
  attempts: number;
  /** Valid rows, before dedup by key. */
  rows: number;
  quarantined: number;
  /** Commits beyond one a page: attempts whose rows do not count. */
  superseded: number;
}

export interface CollectOptions {
  segments: string;
  /** NDJSON files to write: RowRecord, QuarantinedRecord and (outcome dead) PageRecord lines. */
  rows: string;
  quarantined: string;
  dead: string;
  voids?: Voids;
  signal?: AbortSignal;
}

/** What was committed and does not count. */
export interface Voids {
  /** Dead letters committed before this ISO time: they were put back into the batch. */
  deadBefore?: string | undefined;
  /** Pages of documents beyond the `nth` to which each of these was proven. Undefined: they count. */
  softBeyond?: ReadonlyMap<string, number> | undefined;
}

/** True when `a` counts rather than `b`, two attempts at the same page. */
export function supersedes(a: PageRecord, b: PageRecord): boolean {
  if ((a.outcome === 'completed') !== (b.outcome === 'completed')) return a.outcome === 'completed';
  return a.at !== b.at ? a.at > b.at : a.attempt >= b.attempt;
}

/** True for a commit that does not count. */
export function isVoid({ outcome, at, soft }: PageRecord, { deadBefore, softBeyond }: Voids): boolean {
  if (outcome === 'dead') return deadBefore !== undefined && at < deadBefore;
  return soft !== undefined && softBeyond !== undefined && soft.nth > (softBeyond.get(soft.document) ?? 0);
}

/** Streams the lines that count into three files, each page once, and says how many there are. */
export async function collectCommitted(options: CollectOptions): Promise<CommittedTotals> {
  const { voids = {} } = options;
  const winners = await findWinners(options);
  const taken = new Set<number>();
  const totals: CommittedTotals = {
    outcomes: { completed: 0, gone: 0, skipped: 0, dead: 0 },
    soft: 0,
    attempts: 0,
    rows: 0,
    quarantined: 0,
    superseded: 0,
  };
  const rows = lineFile(options.rows);
  const quarantined = lineFile(options.quarantined);
  const dead = lineFile(options.dead);
  try {
    for await (const group of readAllGroups(options.segments)) {
      options.signal?.throwIfAborted();
      const { page } = group;
      if (isVoid(page, voids)) continue;
      const winner = winners.get(page.page);
      if (winner !== undefined) {
        if (taken.has(page.page) || !isSameAttempt(winner, page)) {
          totals.superseded += 1;
          continue;
        }
        taken.add(page.page);
      }
      totals.outcomes[page.outcome] += 1;
      if (page.soft !== undefined) totals.soft += 1;
      totals.attempts += page.attempt;
      totals.rows += page.rows;
      totals.quarantined += page.quarantined;
      for await (const line of group.lines()) {
        const isRow = line.length > ROW.length && ROW.compare(line, 0, ROW.length) === 0;
        const full = (isRow ? rows : quarantined).write(line);
        if (full !== undefined) await full;
      }
      if (page.outcome === 'dead') await dead.write(Buffer.from(`${JSON.stringify(page)}\n`));
    }
  } finally {
    await Promise.all([rows.close(), quarantined.close(), dead.close()]);
  }
  return totals;
}

/** The attempt that counts, for each page that was committed more than once. */
async function findWinners(options: CollectOptions): Promise<Map<number, PageRecord>> {
  const { voids = {} } = options;
  let seen = new Uint8Array(1 << 16);
  const repeated = new Set<number>();
  for await (const { page } of readAllGroups(options.segments)) {
    options.signal?.throwIfAborted();
    if (isVoid(page, voids)) continue;
    const at = page.page >>> 3;
    if (at >= seen.length) {
      const larger = new Uint8Array(Math.max(at + 1, seen.length * 2));
      larger.set(seen);
      seen = larger;
    }
    const bit = 1 << (page.page & 7);
    if (((seen[at] ?? 0) & bit) !== 0) repeated.add(page.page);
    seen[at] = (seen[at] ?? 0) | bit;
  }
  const winners = new Map<number, PageRecord>();
  if (repeated.size === 0) return winners;
  for await (const { page } of readAllGroups(options.segments)) {
    if (!repeated.has(page.page) || isVoid(page, voids)) continue;
    const best = winners.get(page.page);
    if (best === undefined || supersedes(page, best)) winners.set(page.page, page);
  }
  return winners;
}

/** Two commits of the same content are as good as one; the caller takes the first it meets. */
function isSameAttempt(a: PageRecord, b: PageRecord): boolean {
  return a.at === b.at && a.attempt === b.attempt && a.crc === b.crc && a.outcome === b.outcome;
}

const ROW = Buffer.from('{"kind":"row",');

interface LineFile {
  /** Something to wait for before the next line, when the disk does not keep up. `line` with its newline. */
  write(line: Buffer): Promise<void> | undefined;
  close(): Promise<void>;
}

function lineFile(file: string): LineFile {
  const stream: WriteStream = createWriteStream(file, { highWaterMark: 1024 * 1024 });
  let failure: Error | undefined;
  stream.on('error', (error) => {
    failure = error;
  });
  return {
    write(line) {
      if (failure !== undefined) throw failure;
      return stream.write(line) ? undefined : once(stream, 'drain').then(() => undefined);
    },
    async close() {
      stream.end();
      await finished(stream);
    },
  };
}
