/**
 * A target's limits on its queue, as BullMQ holds them for the whole farm: pages in flight (global concurrency), page
 * starts a second (global rate limit), a pause (the rate limit's own key). Two habits of BullMQ are made up for here:
 * its pause counts only where a rate limit is set, so one is always set; and a worker that found the queue full sleeps
 * on after the limit has risen, for up to ten seconds, so it is woken.
 */
import type { Queue } from 'bullmq';
import type { Queued } from './fetch-look.js';

export interface QueueLimits {
  /** Pages in flight, whole, at least 1. */
  limit: number;
  /** Handed out beyond it, to whoever keeps them back until there is room. Default 0. */
  ahead?: number;
  /** Page starts a second; undefined: no bound. */
  perSecond: number | undefined;
  /** Least time between two starts, ms; 0 for none. Unlike `perSecond` it allows no two at once. */
  minGapMs: number;
  /** Epoch ms; in the past: no pause. */
  pausedUntilMs: number;
}

export interface LimitedQueue {
  /** `queued`: its jobs, as of a moment ago. */
  apply(
    limits: QueueLimits,
    now: { nowMs: number; queued: Pick<Queued, 'waiting' | 'active'> },
  ): Promise<void>;
}

/** As good as none: what a pause needs to count. */
const NO_RATE = { max: 1_000_000, durationMs: 1_000 };
/** Where the limit is not what keeps pages from starting, there are such that could start all the time. */
const WAKE_EVERY_MS = 2_000;
/** A rate is spread evenly down to this; above, a few may start at once. */
const LEAST_GAP_MS = 100;

export function createLimitedQueue(queue: Queue): LimitedQueue {
  let applied = '';
  let appliedMost = 0;
  let wokenAtMs = Number.NEGATIVE_INFINITY;
  return {
    async apply({ limit, ahead = 0, perSecond, minGapMs, pausedUntilMs }, { nowMs, queued }) {
      const rate = rateOf(perSecond, minGapMs);
      const most = limit + ahead;
      const wanted = `${most} ${rate.max} ${rate.durationMs}`;
      if (wanted !== applied) {
        await queue.setGlobalConcurrency(most);
        await queue.setGlobalRateLimit(rate.max, rate.durationMs);
        applied = wanted;
      }
      if (most > appliedMost) wokenAtMs = Number.NEGATIVE_INFINITY;
      appliedMost = most;
      if (pausedUntilMs > nowMs) return pauseUntil(queue, pausedUntilMs, nowMs);
      if (queued.waiting === 0 || queued.active >= most || nowMs - wokenAtMs < WAKE_EVERY_MS) return;
      wokenAtMs = nowMs;
      await queue.resume();
    },
  };
}

/** Never cuts a longer pause short: a worker that was refused may have asked for it meanwhile. */
export async function pauseUntil(queue: Queue, untilMs: number, nowMs: number): Promise<void> {
  const forMs = Math.ceil(untilMs - nowMs);
  if (forMs > (await queue.getRateLimitTtl(NO_RATE.max))) await queue.rateLimit(forMs);
}

function rateOf(perSecond: number | undefined, minGapMs: number): { max: number; durationMs: number } {
  const gapMs = Math.max(minGapMs, perSecond === undefined ? 0 : 1_000 / perSecond);
  if (gapMs === 0) return NO_RATE;
  if (minGapMs > 0 || gapMs >= LEAST_GAP_MS) return { max: 1, durationMs: Math.ceil(gapMs) };
  const max = Math.ceil(LEAST_GAP_MS / gapMs);
  return { max, durationMs: Math.ceil(max * gapMs) };
}
