/**
 * Watches a running batch's counters for a site that has changed: rows that the schema refuses, pages that give nothing,
 * pages that are given up (a `ready` that never shows any more). A sliding window over the last pages, so that a change in
 * the middle of a batch shows as soon as one at its start. Dead pages count and not failed attempts: an outage that the
 * retries get over is none of its business.
 */

/** Counted since the batch's start. */
export interface DriftCounts {
  completed: number;
  /** Pages that used up their attempts. */
  dead: number;
  /** Rows that the schema took. */
  rows: number;
  quarantined: number;
  /** Completed pages that gave no row, good or bad, and led nowhere. */
  empty: number;
}

export interface DriftWatch {
  /** Takes the counters as they stand now. The reason to pause, for a person; undefined when all is well. */
  look(counts: DriftCounts): string | undefined;
  /** Forgets what it has seen: the window fills anew. */
  restart(): void;
}

export interface DriftWatchOptions {
  /** The share of refused rows that the gate lets pass. */
  maxQuarantined: number;
  /** The share of completed pages that the gate asks for. Default 0.98. */
  minCompleted?: number;
  /** Completed and dead pages in the window. Default 300. */
  windowPages?: number;
  /** Completed and dead pages, and rows, before anything is said. Default 100. */
  leastPages?: number;
}

export function createDriftWatch({
  maxQuarantined,
  minCompleted = 0.98,
  windowPages = 300,
  leastPages = 100,
}: DriftWatchOptions): DriftWatch {
  const most = driftLimit(maxQuarantined);
  const mostDead = driftLimit(1 - minCompleted);
  let seen: DriftCounts[] = [];

  return {
    look(counts) {
      const last = seen.at(-1);
      if (last !== undefined && endedOf(counts) < endedOf(last)) seen = []; // counted anew, after Redis was lost
      if (seen.length === 0 || endedOf(counts) > endedOf(seen.at(-1))) seen.push({ ...counts });
      while (endedOf(counts) - endedOf(seen[1] ?? counts) >= windowPages) seen.shift();
      const [first = counts] = seen;
      const pages = endedOf(counts) - endedOf(first);
      if (pages < leastPages) return undefined;
      const dead = counts.dead - first.dead;
      if (dead / pages > mostDead)
        return `the site seems to have changed: ${dead} of the last ${pages} pages were given up (${percent(dead / pages)}; up to ${percent(mostDead)} is borne)`;
      const completed = pages - dead;
      const empty = counts.empty - first.empty;
      if (empty / completed > most)
        return `the site seems to have changed: ${empty} of the last ${completed} completed pages gave no row (${percent(empty / completed)}; up to ${percent(most)} is borne)`;
      const refused = counts.quarantined - first.quarantined;
      const read = refused + counts.rows - first.rows;
      if (read >= leastPages && refused / read > most)
        return `the site seems to have changed: the schema refused ${refused} of the last ${read} rows (${percent(refused / read)}; up to ${percent(most)} is borne)`;
      return undefined;
    },
    restart() {
      seen = [];
    },
  };
}

function endedOf(
  { completed, dead }: DriftCounts = { completed: 0, dead: 0, rows: 0, quarantined: 0, empty: 0 },
): number {
  return completed + dead;
}

/** Far over what the gate lets pass, and never more than half of the way from there to all. */
function driftLimit(borne: number): number {
  return Math.min(Math.max(0.3, 4 * borne), (1 + borne) / 2);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
