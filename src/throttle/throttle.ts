/** The throttle of one target: samples and the clock in, a decision out. Pure; no I/O, no timer. */
import type { PageSample } from './page-sample.js';

export interface ThrottleOptions {
  /** Pages in flight at most over the whole farm. */
  maxConcurrency: number;
  /** What was learned of the target before; undefined for a target that was never met. */
  learned?: LearnedThrottle | undefined;
  nowMs: number;
}

/** Plain JSON: where the next night starts, and whoever takes a batch over. */
export interface LearnedThrottle {
  version: 1;
}

export interface ThrottleDecision {
  /** Pages in flight over the whole farm, whole, at least 1. */
  limit: number;
  /** Page starts a second; undefined: not bounded by the target. */
  perSecond: number | undefined;
  /** Epoch ms before which no page may start; 0 for none. */
  pausedUntilMs: number;
  /** `open`: the target is down, and is probed by one page at a time. */
  circuit: 'closed' | 'open';
  /** Bound on retries a second, so that a retry storm cannot be. */
  retriesPerSecond: number;
  /** What holds the limit where it is. */
  why: 'maximum' | 'finding' | 'latency' | 'refused' | 'rate' | 'blocked' | 'down';
}

export interface Throttle {
  /** Takes in what came since the last call; `inFlight`: pages in flight over the whole farm now. */
  take(samples: readonly PageSample[], now: { nowMs: number; inFlight: number }): ThrottleDecision;
  learned(nowMs: number): LearnedThrottle;
}
