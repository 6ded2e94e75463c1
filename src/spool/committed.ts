/**
 * Settles what a batch's segments say: one attempt counts for each page. A completed attempt beats any other outcome,
 * and of two of the same kind the later one counts; what the others wrote does not exist.
 *
 * Nearly always no page was committed twice, which is known when all has been read; so the first reading already writes.
 * Only where a page was, the attempts at such pages are compared, and all is written anew.
 *
 * Memory is one bit a page, and an entry for each page that was committed more than once (those in flight at a kill).
 */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createPageSet } from './page-set.js';
import type { PageOutcome, PageRecord, RenderedFor } from './record.js';
import { type CommittedGroup, readGroupBatches } from './segment-reader.js';

export interface CommittedTotals {
  outcomes: Record<PageOutcome, number>;
  /** Of those completed: read by a short cut. */
  soft: number;
  /** Of those completed: carried over from an earlier batch. */
  carried: number;
  /** Of a target that fetches pages: why others were rendered. */
  renderedFor: Partial<Record<RenderedFor, number>>;
  /** At the pages that have an outcome, up to it. */
  attempts: number;
  /** Valid rows, before dedup by key. */
  rows: number;
  quarantined: number;
  /** Commits beyond one a page: attempts whose rows do not count. */
  superseded: number;
  /** Of those pages that were weighed: how many, and the bytes that they took over the network. */
  weighed: { pages: number; bytes: number };
  /** Through proxies, for all attempts, also those that do not count; undefined without proxies. */
  proxyBytes?: number;
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

/** Streams the lines that count into three files, each page once, and says how many there are. */
export async function collectCommitted(options: CollectOptions): Promise<CommittedTotals> {
  const { totals, repeated } = await collect(options);
  if (repeated.size === 0) return totals;
  return (await collect(options, await findWinners(options, repeated))).totals;
}

/** Without `winners` it ends with the pages that were committed more than once, and is good for nothing else if there are any. */
async function collect(
  options: CollectOptions,
  winners?: ReadonlyMap<number, PageRecord>,
): Promise<{ totals: CommittedTotals; repeated: ReadonlySet<number> }> {
  const seen = createPageSet();
  const repeated = new Set<number>();
  const taken = new Set<number>();
  const totals: CommittedTotals = {
    outcomes: { completed: 0, gone: 0, skipped: 0, dead: 0 },
    soft: 0,
    carried: 0,
    renderedFor: {},
    attempts: 0,
    rows: 0,
    quarantined: 0,
    superseded: 0,
    weighed: { pages: 0, bytes: 0 },
  };
  const rows = lineFile(options.rows);
  const quarantined = lineFile(options.quarantined);
  const dead = lineFile(options.dead);
  try {
    for await (const groups of countingGroups(options)) {
      for (const group of groups) {
        const { page } = group;
        if (page.proxyBytes !== undefined) totals.proxyBytes = (totals.proxyBytes ?? 0) + page.proxyBytes;
        if (winners === undefined && !seen.add(page.page)) repeated.add(page.page);
        if (repeated.size > 0) continue;
        const winner = winners?.get(page.page);
        if (winner !== undefined) {
          if (taken.has(page.page) || !isSameAttempt(winner, page)) {
            totals.superseded += 1;
            continue;
          }
          taken.add(page.page);
        }
        totals.outcomes[page.outcome] += 1;
        if (page.soft !== undefined) totals.soft += 1;
        if (page.carried !== undefined) totals.carried += 1;
        if (page.renderedFor !== undefined)
          totals.renderedFor[page.renderedFor] = (totals.renderedFor[page.renderedFor] ?? 0) + 1;
        totals.attempts += page.attempt;
        if (page.weight !== undefined) {
          totals.weighed.pages += 1;
          totals.weighed.bytes += page.weight;
        }
        totals.rows += page.rows;
        totals.quarantined += page.quarantined;
        if (group.kept !== undefined) {
          for (const line of group.kept) (isRow(line) ? rows : quarantined).write(line);
        } else {
          for await (const line of group.lines()) {
            const file = isRow(line) ? rows : quarantined;
            file.write(line);
            if (file.isFull()) await file.drained();
          }
        }
        if (page.outcome === 'dead') dead.write(Buffer.from(`${JSON.stringify(page)}\n`));
      }
      for (const file of [rows, quarantined, dead]) if (file.isFull()) await file.drained();
    }
  } finally {
    await Promise.all([rows.close(), quarantined.close(), dead.close()]);
  }
  return { totals, repeated };
}

/** What was committed and is not void. */
async function* countingGroups({
  segments,
  voids = {},
  signal,
}: CollectOptions): AsyncGenerator<CommittedGroup[]> {
  for await (const groups of readGroupBatches(segments)) {
    signal?.throwIfAborted();
    yield groups.filter(({ page }) => !isVoid(page, voids));
  }
}

/** The attempt that counts, for each of the pages. */
async function findWinners(
  options: CollectOptions,
  pages: ReadonlySet<number>,
): Promise<Map<number, PageRecord>> {
  const winners = new Map<number, PageRecord>();
  for await (const groups of countingGroups(options)) {
    for (const { page } of groups) {
      if (!pages.has(page.page)) continue;
      const best = winners.get(page.page);
      if (best === undefined || supersedes(page, best)) winners.set(page.page, page);
    }
  }
  return winners;
}

/** Two commits of the same content are as good as one; the caller takes the first it meets. */
function isSameAttempt(a: PageRecord, b: PageRecord): boolean {
  return a.at === b.at && a.attempt === b.attempt && a.crc === b.crc && a.outcome === b.outcome;
}

const ROW = Buffer.from('{"kind":"row",');

function isRow(line: Buffer): boolean {
  return line.length > ROW.length && ROW.compare(line, 0, ROW.length) === 0;
}

interface LineFile {
  /** `line` with its newline. Throws when an earlier line could not be written. */
  write(line: Buffer): void;
  /** True when the disk does not keep up. */
  isFull(): boolean;
  drained(): Promise<void>;
  close(): Promise<void>;
}

/** Lines are handed on together: a write of each costs more than the line. */
const WRITE_BYTES = 256 * 1024;

function lineFile(file: string): LineFile {
  const stream: WriteStream = createWriteStream(file, { highWaterMark: 1024 * 1024 });
  let failure: Error | undefined;
  let waiting: Buffer[] = [];
  let bytes = 0;
  stream.on('error', (error) => {
    failure = error;
  });
  function flush(): void {
    if (bytes > 0) stream.write(Buffer.concat(waiting, bytes));
    waiting = [];
    bytes = 0;
  }
  return {
    write(line) {
      if (failure !== undefined) throw failure;
      waiting.push(line);
      bytes += line.length;
      if (bytes >= WRITE_BYTES) flush();
    },
    isFull: () => stream.writableNeedDrain,
    drained: async () => {
      if (failure !== undefined) throw failure;
      await once(stream, 'drain');
    },
    async close() {
      if (failure === undefined) flush();
      stream.end();
      await finished(stream);
    },
  };
}
