/**
 * Page starts a second that the target bears, for a site that refuses above a rate however few are in flight.
 *
 * No bound at first. Two refusals within seconds give a bound on trial, a little below what was accepted. If pages are refused
 * again while they start at about that rate, it is right and held; if not, the refusals were due to the number
 * in flight and the bound is raised and dropped. A held bound is tried a little higher ever more rarely; a try that is
 * refused goes back.
 */
const BELOW = 0.9;
const AGAIN_MS = 10_000;
const TRIAL_MS = 5_000;
const TRY_BY = 1.05;
const TRY_MS = 10_000;
const FIRST_GAP_MS = 20_000;
const LONGEST_GAP_MS = 600_000;
const LEAST_PER_SECOND = 1 / 60;

export interface RateCap {
  readonly perSecond: number | undefined;
  /** It was confirmed, or learned on another night. */
  readonly held: boolean;
  /** Pages were refused; `accepted`: pages a second, in the best second and over the longer run. */
  refused(accepted: { burst: number; lasting: number; inFlightFew: boolean }, nowMs: number): void;
  /** Time passes; `perSecond`: pages a second now. */
  tick(now: { nowMs: number; perSecond: number; paused: boolean }): void;
}

export function createRateCap(learned: number | undefined, startMs: number): RateCap {
  let cap = learned;
  let held = learned !== undefined;
  /** What is known to be borne, while a higher one is tried. */
  let borne: number | undefined;
  let gapMs = FIRST_GAP_MS;
  let turnAtMs = startMs + FIRST_GAP_MS;
  let busyPerSecond = 0;
  let inARow = 0;
  let refusedAtMs = Number.NEGATIVE_INFINITY;

  const bound = (perSecond: number) => Math.max(LEAST_PER_SECOND, perSecond);

  return {
    get perSecond() {
      return cap;
    },
    get held() {
      return held && cap !== undefined;
    },
    refused({ burst, lasting, inFlightFew }, nowMs) {
      inARow = nowMs - refusedAtMs < AGAIN_MS ? inARow + 1 : 1;
      refusedAtMs = nowMs;
      if (cap === undefined) {
        if (burst <= 0 || inARow < (inFlightFew ? 2 : 3)) return;
        cap = bound(BELOW * burst);
        held = false;
        turnAtMs = nowMs + TRIAL_MS;
        return;
      }
      if (Math.max(lasting, busyPerSecond) < 0.5 * cap) return;
      const lower = Math.min(0.9 * cap, Math.max(BELOW * lasting, 0.5 * cap));
      cap = bound(borne !== undefined ? Math.min(borne, cap) : lower);
      if (held) gapMs = Math.min(LONGEST_GAP_MS, gapMs * 2);
      held = true;
      borne = undefined;
      turnAtMs = nowMs + gapMs;
    },
    tick({ nowMs, perSecond, paused }) {
      if (cap === undefined) return;
      if (paused) {
        if (!held) turnAtMs = Math.max(turnAtMs, nowMs + TRIAL_MS);
        return;
      }
      busyPerSecond = perSecond;
      if (nowMs < turnAtMs) return;
      const reached = perSecond >= 0.7 * cap;
      if (!held) {
        if (reached && perSecond > 0) cap *= 1.25;
        else cap = undefined;
        turnAtMs = nowMs + TRIAL_MS;
      } else if (borne !== undefined) {
        borne = undefined; // it held
        turnAtMs = nowMs + TRY_MS;
      } else if (reached) {
        borne = cap;
        cap *= TRY_BY;
        turnAtMs = nowMs + TRY_MS;
      } else {
        turnAtMs = nowMs + gapMs;
      }
    },
  };
}
