/** The laws that are compared: what each does with the same samples. Ours, and the simple ones of the field. */
import type { PageSample } from '../../src/throttle/page-sample.js';
import { createThrottle, type LearnedThrottle, type ThrottleDecision } from '../../src/throttle/throttle.js';

export interface Law {
  /** Whether its farm stops for what a refusal asks. */
  obeysRetryAfter: boolean;
  take(samples: readonly PageSample[], now: Now): LawDecision;
}

export interface Now {
  nowMs: number;
  inFlight: number;
}

export type LawDecision = Pick<ThrottleDecision, 'limit' | 'perSecond' | 'pausedUntilMs' | 'why'>;

export const START_MS = Date.UTC(2026, 0, 5, 1);

export function limitOf(limit: number, perSecond?: number): LawDecision {
  return { limit: Math.max(1, Math.floor(limit)), perSecond, pausedUntilMs: 0, why: 'finding' };
}

export function ourLaw(maxConcurrency = 64, learned?: LearnedThrottle, startMs = START_MS) {
  const throttle = createThrottle({ maxConcurrency, learned, nowMs: startMs });
  return { ...throttle, obeysRetryAfter: true };
}

export function fixedLaw(limit: number): Law {
  return { obeysRetryAfter: true, take: () => limitOf(limit) };
}

/** Additive increase, multiplicative decrease on latency (Chiu and Jain, 1989): one up a second, by 0.7 down. */
export function aimdLaw(maximum = 64): Law {
  let limit = 2;
  let leastMs = Number.POSITIVE_INFINITY;
  let meanMs = 0;
  let turnAtMs = START_MS;
  return {
    obeysRetryAfter: true,
    take(samples, { nowMs, inFlight }) {
      let refused = false;
      for (const { documentMs, answer } of samples) {
        refused ||= answer !== 'served';
        if (answer !== 'served' || documentMs === undefined) continue;
        leastMs = Math.min(leastMs, documentMs);
        meanMs = meanMs === 0 ? documentMs : 0.8 * meanMs + 0.2 * documentMs;
      }
      if (nowMs >= turnAtMs) {
        if (refused || meanMs > 1.5 * leastMs) limit = Math.max(1, 0.7 * limit);
        else if (inFlight >= 0.8 * Math.floor(limit)) limit = Math.min(maximum, limit + 1);
        turnAtMs = nowMs + 1_000;
      }
      return limitOf(limit);
    },
  };
}

/** Crawlee's pool on an idle machine: up by 5 % every ten seconds, blind to the target. */
export function crawleeLaw(maximum = 200): Law {
  let limit = 1;
  let turnAtMs = START_MS + 10_000;
  return {
    obeysRetryAfter: false,
    take(_samples, { nowMs, inFlight }) {
      if (nowMs >= turnAtMs) {
        turnAtMs = nowMs + 10_000;
        if (inFlight >= 0.9 * limit) limit = Math.min(maximum, limit + Math.ceil(0.05 * limit));
      }
      return limitOf(limit);
    },
  };
}

/** Scrapy's AutoThrottle with its defaults (one request in flight on average), at most eight for a site. */
export function autoThrottleLaw(concurrency = 1): Law {
  let delayMs = 5_000;
  return {
    obeysRetryAfter: false,
    take(samples) {
      for (const { documentMs, answer } of samples) {
        if (documentMs === undefined) continue;
        const wanted = documentMs / concurrency;
        const next = Math.min(60_000, Math.max(wanted, (delayMs + wanted) / 2));
        if (answer === 'served' || next > delayMs) delayMs = next;
      }
      return limitOf(8, 1_000 / Math.max(1, delayMs));
    },
  };
}
