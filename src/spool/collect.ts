/** Checks and counts the commits of some of a batch's segments, and sorts what was committed by page, into runs. */
import { createNumberSet } from './number-set.js';
import { createPageRuns } from './page-order.js';
import type { Entry } from './run.js';
import { type CommittedGroup, groupBatchesOf } from './segment-reader.js';
import { type CommittedTotals, count, noTotals } from './totals.js';
import { isVoid, type Voids } from './which-counts.js';

export interface CollectPart {
  files: readonly string[];
  /** How many of the batch's segments come before these. */
  first: number;
  /** A folder that is there, and how the names of the runs in it begin. */
  runs: string;
  name: string;
  voids: Voids;
}

export interface Collected {
  /** In the order of what they hold. */
  runs: string[];
  /** All commits', also of a page that has several. */
  totals: CommittedTotals;
  /** The pages that have a commit: as a number set's bits. */
  pages: Uint8Array<ArrayBuffer>;
  /** The pages that have several. */
  repeated: ReadonlySet<number>;
}

/** What stands in an entry's body, and what is to become of its commit. */
export const HAS_QUARANTINED = 1;
export const IS_DEAD = 2;
export const IS_ELSEWHERE = 4;

export const NOTHING = Buffer.alloc(0);

/** Throws what the file system throws, and the signal's reason. */
export async function collect(
  { files, first, runs, name, voids }: CollectPart,
  signal?: AbortSignal,
): Promise<Collected> {
  const sorting = createPageRuns(runs, { name });
  const pages = createNumberSet();
  const repeated = new Set<number>();
  const totals = noTotals();
  for (const [at, file] of files.entries()) {
    for await (const groups of groupBatchesOf(file)) {
      signal?.throwIfAborted();
      for (const group of groups) {
        const { page } = group;
        if (isVoid(page, voids)) continue;
        if (!pages.add(page.page)) repeated.add(page.page);
        if (page.proxyBytes !== undefined) totals.proxyBytes = (totals.proxyBytes ?? 0) + page.proxyBytes;
        count(totals, page, 1);
        const written = sorting.add(entryOf(group, first + at));
        if (written !== undefined) await written;
      }
    }
  }
  return { runs: await sorting.end(), totals, pages: pages.bits(), repeated };
}

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
