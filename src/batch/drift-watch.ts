/**
 * Watches a running batch's counters for a site that has changed: rows that the schema refuses, pages that give nothing.
 * A sliding window over the last pages, so that a change in the middle of a batch shows as soon as one at its start.
 */

/** Counted since the batch's start. */
export interface DriftCounts {
  completed: number;
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
  /** Completed pages in the window. Default 300. */
  windowPages?: number;
  /** Completed pages, and rows, before anything is said. Default 100. */
  leastPages?: number;
}

export function createDriftWatch({
  maxQuarantined,
  windowPages = 300,
  leastPages = 100,
}: DriftWatchOptions): DriftWatch {
  const most = driftLimit(maxQuarantined);
  let seen: DriftCounts[] = [];

  return {
    look(counts) {
      const last = seen.at(-1);
      if (last !== undefined && counts.completed < last.completed) seen = []; // counted anew, after Redis was lost
      if (seen.length === 0 || counts.completed > (seen.at(-1)?.completed ?? 0)) seen.push({ ...counts });
      while (counts.completed - (seen[1]?.completed ?? counts.completed) >= windowPages) seen.shift();
      const [first = counts] = seen;
      const pages = counts.completed - first.completed;
      if (pages < leastPages) return undefined;
      const empty = counts.empty - first.empty;
      if (empty / pages > most)
        return `the site seems to have changed: ${empty} of the last ${pages} completed pages gave no row (${percent(empty / pages)}; up to ${percent(most)} is borne)`;
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

/** Far over what the gate lets pass, and never more than half of the way from there to all. */
function driftLimit(maxQuarantined: number): number {
  return Math.min(Math.max(0.3, 4 * maxQuarantined), (1 + maxQuarantined) / 2);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
