/**
 * Which commit of a page counts where its segments were dealt by several (deal.ts): the pages that were committed more
 * than once are found among all of them, and only the segments that hold those are read again.
 */
import path from 'node:path';
import type { SegmentPages } from './deal.js';
import { createNumberSet } from './number-set.js';
import type { PageRecord } from './record.js';
import { readGroupBatches } from './segment-reader.js';
import { type CommittedTotals, count } from './totals.js';
import { isVoid, supersedes, type Voids } from './which-counts.js';

/** The commit that counts of a page that has several: the segment's place, and where in it the group begins. */
export interface Winner {
  page: number;
  segment: number;
  start: number;
}

/** Finds the pages that were committed more than once. One bit a page, and an entry for each of those. */
export interface Repeats {
  add(pages: SegmentPages): void;
  readonly found: ReadonlySet<number>;
}

export function createRepeats(): Repeats {
  const seen = createNumberSet();
  const found = new Set<number>();
  return {
    add({ pages }) {
      for (const page of pages) if (!seen.add(page)) found.add(page);
    },
    found,
  };
}

/** Lets the commits of those pages meet. */
export interface Rivals {
  /** Segments of the batch in a folder; to be called in the order of the segments. */
  meet(dir: string, numberOf: (name: string) => number): Promise<void>;
  winners(): Winner[];
}

/** Takes what does not count out of `totals`. */
export function createRivals(
  repeated: ReadonlySet<number>,
  { voids, totals }: { voids: Voids; totals: CommittedTotals },
): Rivals {
  const best = new Map<number, { record: PageRecord; winner: Winner }>();
  return {
    async meet(dir, numberOf) {
      for await (const groups of readGroupBatches(dir)) {
        for (const { page, place } of groups) {
          if (!repeated.has(page.page) || isVoid(page, voids)) continue;
          const { follow: _, ...record } = page; // may be long, and says nothing of who counts
          const segment = numberOf(path.basename(place.file));
          const one = { record, winner: { page: page.page, segment, start: place.start } };
          const before = best.get(page.page);
          if (before === undefined || supersedes(record, before.record)) best.set(page.page, one);
          if (before === undefined) continue;
          count(totals, best.get(page.page) === one ? before.record : record, -1);
          totals.superseded += 1;
        }
      }
    },
    winners: () => [...best.values()].map(({ winner }) => winner),
  };
}
