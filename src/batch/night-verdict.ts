/** What a person is to make of a target's night at a glance: its state, and whether what it delivered looks as usual. */
import { median } from '../dataset/robust.js';

export type Verdict = 'delivered' | 'late' | 'thin' | 'held' | 'failed' | 'cancelled' | 'running' | 'paused';

export interface Night {
  /** The batch's state. */
  state: string;
  /** Delivered rows; undefined where nobody knows any more. */
  rows?: number | undefined;
  /** `1 - run time / SLA window`; undefined without an SLA. */
  margin?: number | undefined;
}

/** Nights that are looked back at, and how many of them make a median. */
const MOST_NIGHTS = 14;
const LEAST_NIGHTS = 3;
/** Share of the median below which a night is thin. */
const THIN_BELOW = 0.8;

/**
 * `earlierDeliveredRows`: rows of the target's delivered nights before it, the latest first. A night that is both thin and
 * late is thin: what is missing matters more than when the rest came. One that has not ended is `running`, or `paused`.
 */
export function verdictOf({ state, rows, margin }: Night, earlierDeliveredRows: readonly number[]): Verdict {
  switch (state) {
    case 'delivered':
      if (isThin(rows, earlierDeliveredRows)) return 'thin';
      return margin !== undefined && margin < 0 ? 'late' : 'delivered';
    case 'held':
    case 'failed':
    case 'cancelled':
    case 'paused':
      return state;
    default:
      return 'running';
  }
}

function isThin(rows: number | undefined, earlier: readonly number[]): boolean {
  const compared = earlier.slice(0, MOST_NIGHTS);
  return rows !== undefined && compared.length >= LEAST_NIGHTS && rows < THIN_BELOW * median(compared);
}
