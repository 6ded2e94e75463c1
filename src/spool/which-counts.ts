/** Which of a batch's commits count. */
import type { PageRecord } from './record.js';

/** What was committed and does not count. */
export interface Voids {
  /** Dead letters committed before this ISO time: they were put back into the batch. */
  deadBefore?: string | undefined;
  /** Pages of documents beyond the `nth` to which each of these was proven. Undefined: they count. */
  softBeyond?: ReadonlyMap<string, number> | undefined;
  /** Pages that were carried over do not count. */
  carried?: boolean | undefined;
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

/** True when `a` counts rather than `b`, two attempts at the same page. */
export function supersedes(a: PageRecord, b: PageRecord): boolean {
  if ((a.outcome === 'completed') !== (b.outcome === 'completed')) return a.outcome === 'completed';
  return a.at !== b.at ? a.at > b.at : a.attempt >= b.attempt;
}
