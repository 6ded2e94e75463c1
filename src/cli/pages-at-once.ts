/** Pages at once of one process: what it begins with, and the most. How many it keeps to it finds out by itself. */
import { cpuBound } from '../telemetry/machine-bounds.js';

export interface PagesAtOnce {
  /** At most. */
  concurrency: number;
  beginAt: number;
}

/** A page that loads keeps a core busy for about a third of its time; one that a slow target makes wait for far less. */
const BEGIN_PER_CPU = 3;
const MOST_PER_CPU = 16;

/** `typed`: by a person, who may know better than to begin with less; `allowed`: by the target's file. */
export function pagesAtOnce(typed: number | undefined, allowed = Number.POSITIVE_INFINITY): PagesAtOnce {
  if (typed !== undefined) return { concurrency: typed, beginAt: typed };
  const concurrency = Math.min(allowed, Math.max(2, Math.round(cpuBound().value * MOST_PER_CPU)));
  return { concurrency, beginAt: Math.min(concurrency, usualPagesAtOnce()) };
}

/** On this machine, before anything was measured. A container's share of the CPUs is what counts. */
export function usualPagesAtOnce(): number {
  return Math.max(2, Math.round(cpuBound().value * BEGIN_PER_CPU));
}
