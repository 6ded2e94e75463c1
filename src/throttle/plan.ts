/**
 * A night before it begins: what its window needs, what the target bears, and what follows from the two. Pure; the
 * formula is pace.ts's, so that the plan and the batch agree.
 */
import { needed, TARGET_MARGIN } from './pace.js';

export interface Night {
  pages: number;
  windowMs: number;
  /** Held back to what the window needs. */
  paced: boolean;
}

export interface Assumptions {
  /** Mean time that an attempt holds its slot. */
  pageMs: number;
  /** 1 without retries. */
  attemptsPerPage: number;
  /** Pages in flight that the target bears, or that are allowed. */
  limit: number;
  /** Starts of pages a second that it bears; undefined: not bounded. */
  perSecond: number | undefined;
  pagesPerWorker: number;
  /** Discovery, aggregation, delivery. */
  otherMs: number;
}

export interface NightPlan {
  /** It can be done within the window. */
  feasible: boolean;
  workers: number;
  /** Pages in flight, a fraction when the pace needs less than a whole one; and starts of pages a second. */
  slots: number;
  perSecond: number;
  /** What it is expected to take, and what the same workers take when nothing holds them back. */
  timeMs: number;
  flatOutMs: number;
  margin: number;
  /** Pages that can be done within the window at most. */
  pagesInWindow: number;
  /** The shortest window that will do, and the shortest that leaves the reserve. */
  leastWindowMs: number;
  safeWindowMs: number;
}

export function planNight(night: Night, assumptions: Assumptions): NightPlan {
  const { pages, windowMs } = night;
  const { pageMs, attemptsPerPage, limit, pagesPerWorker, otherMs } = assumptions;
  const attempts = pages * attemptsPerPage;
  const bearable = rateOf(limit, assumptions);
  const aimMs = windowMs * (1 - TARGET_MARGIN);
  const need = needed({ attempts, timeLeftMs: aimMs, pageMs });
  const perSecond = Math.min(need.perSecond ?? bearable, bearable);
  const slots = (perSecond * pageMs) / 1_000;
  const workers = Math.max(1, Math.ceil(Math.ceil(slots - 1e-9) / pagesPerWorker));
  const flatOutMs = flatOut(night, assumptions, workers);
  const leastWindowMs = (attempts / bearable) * 1_000 + otherMs;
  const timeMs = night.paced ? Math.max(aimMs + otherMs, flatOutMs) : flatOutMs;
  return {
    feasible: leastWindowMs <= windowMs,
    workers,
    slots,
    perSecond,
    timeMs,
    flatOutMs,
    margin: 1 - timeMs / windowMs,
    pagesInWindow: Math.floor((bearable * Math.max(0, windowMs - otherMs)) / 1_000 / attemptsPerPage),
    leastWindowMs,
    safeWindowMs: leastWindowMs / (1 - TARGET_MARGIN),
  };
}

/** One assumption that turns out otherwise than planned. */
export interface Otherwise {
  name: string;
  assumptions: Assumptions;
}

export interface Sensitivity {
  name: string;
  /** What the workers of the plan take then, when nothing holds them back, and what margin that leaves. */
  flatOutMs: number;
  margin: number;
  /** Workers that it would need; undefined when no number of them is enough. */
  workers: number | undefined;
}

/** What each of them would do to the plan, the worst first. */
export function sensitivities(
  night: Night,
  { workers }: NightPlan,
  otherwise: readonly Otherwise[],
): Sensitivity[] {
  return otherwise
    .map(({ name, assumptions }) => {
      const flatOutMs = flatOut(night, assumptions, workers);
      const anew = planNight(night, assumptions);
      return {
        name,
        flatOutMs,
        margin: 1 - flatOutMs / night.windowMs,
        workers: anew.feasible ? anew.workers : undefined,
      };
    })
    .sort((a, b) => b.flatOutMs - a.flatOutMs);
}

function flatOut({ pages }: Night, assumptions: Assumptions, workers: number): number {
  const { attemptsPerPage, limit, pagesPerWorker, otherMs } = assumptions;
  const rate = rateOf(Math.min(limit, workers * pagesPerWorker), assumptions);
  return ((pages * attemptsPerPage) / rate) * 1_000 + otherMs;
}

/** Pages a second of so many in flight. */
function rateOf(slots: number, { pageMs, perSecond = Number.POSITIVE_INFINITY }: Assumptions): number {
  return Math.min((slots * 1_000) / pageMs, perSecond);
}
