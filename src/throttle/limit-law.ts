/**
 * The number of pages in flight that the target bears, found by trying.
 *
 * `good` is the highest limit at which the target answered as if unloaded, `ceiling` the lowest at which it did not.
 * Without a ceiling the limit doubles (TCP's slow start); below one it halves the distance (BIC); beside one it waits,
 * then tries one more, ever more rarely while that fails (from 2 s to 30 s, sooner where a try is seen to be one too many
 * within a fraction of a second), at once with growing steps while it holds (CUBIC's probing). A try that fails goes back to `good` at once. When it is bad at `good` itself the target has
 * changed: the limit falls by the root of the slowdown (Netflix's gradient, damped, as load and slowdown are rarely
 * proportional), down to one, and `landmark` remembers where the climb back may hurry to.
 *
 * A step is judged by pages that began after it only, and only a limit that is used is raised.
 */
import { BAD, createGoodput, WORST } from './goodput.js';
import type { Round } from './shift.js';

/** Bad at a limit that was found good. */
const BAD_AT_GOOD = Math.log(1.4);

/** Pages of so short a time are slow together for less than a target's reasons: a sample rendered beside them, a collected heap. */
const HICCUP_MS = 500;

/** Of the pages that it takes to be sure: enough where the slowdown is far beyond doubt. */
const EARLY = 0.5;

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;
/** Where pages are quick, by how long a try takes until it is seen to be one too many. */
const FIRST_WAIT_TRIES = 3;
const LONGEST_WAIT_TRIES = 50;
const FIRST_REFUSED_WAIT_MS = 30_000;
const LONGEST_REFUSED_WAIT_MS = 600_000;
/** So near below a limit that was refused nothing is tried for a while. */
const NEAR_REFUSAL = 0.8;
const DOUBLE_UP_TO = 8;
/** The first pages after a change still began at the limit before: of a page's time. */
const SETTLE = 0.25;
const LEAST_SETTLE_MS = 25;
const MOST_SETTLE_MS = 2_000;
/** In flight by limit from which the limit is used. */
const USED = 0.8;
/** Up to so many in flight the target is unloaded, as far as we are concerned. */
export const LOW_LOAD = 2;

export interface LimitLaw {
  readonly limit: number;
  /** The highest limit known to be borne: where another night may start. */
  readonly borne: number;
  /** What the limit stays under; undefined: nothing yet. */
  readonly heldBy: 'latency' | 'overload' | undefined;
  /** Pages that count for the step under judgement began at or after this. */
  readonly roundFromMs: number;
  /** What the round shows of the limit; undefined while that is not sure. */
  judge(nowMs: number): Verdict;
  /** Acts on the verdict; the round begins anew. */
  follow(verdict: Verdict, nowMs: number): void;
  /** Goes down to two for one round, to see what is unloaded, and comes back (BBR's ProbeRTT). */
  dip(nowMs: number): void;
  /** How long the last one took. */
  readonly dipMs: number;
  /** The target refused or failed: one cut, to `share` of the limit; not raised again before `waitMs`. */
  cut(cause: { nowMs: number; share: number; fromMs: number; slow?: boolean }): void;
  /** The baseline has moved by so much (log). */
  rebase(by: number): void;
  /** The refusals had nothing to do with the number in flight. */
  forgiveRefusals(): void;
  /** Up again after it was down: a quarter of what was good, and a quick climb. */
  comeBack(nowMs: number): void;
}

export type Verdict = 'good' | 'bad' | undefined;

export function createLimitLaw(start: {
  maximum: number;
  limit: number;
  /** The limit was found on another night: more is tried step by step. */
  known: boolean;
  nowMs: number;
  round: Round;
}): LimitLaw {
  const { maximum, round } = start;
  let limit = clamp(start.limit);
  let good = limit;
  let ceiling = start.known ? limit + 1 : undefined;
  let ceilingUntilMs = start.nowMs + FIRST_WAIT_MS;
  /** Doubles with every try that fails right above what is good. */
  let patience = 1;
  let refusedWaitMs = FIRST_REFUSED_WAIT_MS;
  let refusedFrom: number | undefined;
  let landmark: number | undefined;
  /** Undefined: slow start. */
  let step: number | undefined;
  let accepted = 0;
  const goodput = createGoodput(round);
  let roundFromMs = start.nowMs;
  /** Where a dip comes back to. */
  let resume: number | undefined;
  let dipMs = 0;
  /** So long it took lately until a step too far was seen: a cliff shows late. */
  let failedAfterMs = LONGEST_WAIT_MS;

  function waitMs(): number {
    const first = Math.min(FIRST_WAIT_MS, FIRST_WAIT_TRIES * failedAfterMs);
    const longest = Math.max(FIRST_WAIT_MS, Math.min(LONGEST_WAIT_MS, LONGEST_WAIT_TRIES * failedAfterMs));
    return Math.min(longest, first * patience);
  }

  function waitLonger(): void {
    patience = Math.min(LONGEST_WAIT_MS / LEAST_SETTLE_MS, patience * 2);
  }

  function clamp(value: number): number {
    return Math.max(1, Math.min(maximum, Math.floor(value)));
  }

  function go(to: number, fromMs: number): void {
    limit = clamp(to);
    roundFromMs = fromMs + Math.min(MOST_SETTLE_MS, Math.max(LEAST_SETTLE_MS, SETTLE * (round.pageMs ?? 0)));
    round.restart(fromMs);
  }

  function climb(nowMs: number): void {
    const near = refusedFrom === undefined ? limit + 1 : Math.max(limit + 1, limit / NEAR_REFUSAL);
    if (ceiling !== undefined && ceiling > near) {
      go(Math.min(2 * limit, Math.floor((limit + ceiling) / 2)), nowMs);
    } else if (ceiling !== undefined) {
      if (nowMs >= ceilingUntilMs) go(Math.min(ceiling, limit + 1), nowMs);
    } else if (landmark !== undefined) {
      if (limit >= landmark) {
        ceiling = landmark + 1;
        ceilingUntilMs = nowMs + waitMs();
        landmark = undefined;
      } else go(Math.min(2 * limit, landmark), nowMs);
    } else {
      const most = limit < DOUBLE_UP_TO ? limit : limit / 2;
      const by = step === undefined ? most : Math.min(step, Math.max(1, limit / 4));
      if (step !== undefined) step *= 2;
      go(limit + by, nowMs);
    }
  }

  /** After a dip. Where two do as much as all did, all were far too many: the climb begins anew. */
  function comeUp(to: number, nowMs: number): void {
    const tooMany = goodput.isReached(nowMs);
    resume = undefined;
    dipMs = nowMs - round.beganAtMs;
    if (!tooMany) {
      go(to, nowMs);
      return;
    }
    good = limit;
    ceiling = to;
    ceilingUntilMs = nowMs + waitMs();
    landmark = undefined;
    accepted = 0;
    goodput.keep(nowMs);
    climb(nowMs);
  }

  function stepGood(nowMs: number): void {
    if (ceiling !== undefined && limit >= ceiling) {
      ceiling = undefined;
      refusedFrom = undefined;
      patience = Math.max(1, patience / 2);
      step = 1;
    }
    good = limit;
    goodput.keep(nowMs);
    accepted = Math.max(0, round.shift());
    if (limit < maximum) climb(nowMs);
  }

  function stepBad(nowMs: number, half: boolean): void {
    const shift = round.shift();
    const bearable = Math.round(limit * Math.exp((BAD - shift) / 2));
    if (limit > good) {
      failedAfterMs = nowMs - round.beganAtMs;
      ceiling = Math.min(limit, Math.max(good + 1, bearable));
      ceilingUntilMs = nowMs + waitMs();
      if (ceiling === good + 1) waitLonger();
      step = undefined;
      go(good, nowMs);
      return;
    }
    if (limit > 1) {
      if (half) waitLonger();
      landmark = Math.max(landmark ?? 0, half ? limit - 1 : limit);
      ceiling = undefined;
    }
    good = clamp(half ? limit / 2 : Math.min(limit - 1, bearable));
    accepted = 0;
    goodput.forget();
    go(good, nowMs);
  }

  return {
    get limit() {
      return limit;
    },
    get borne() {
      return Math.max(good, landmark ?? 0);
    },
    get heldBy() {
      if (refusedFrom !== undefined) return 'overload';
      return ceiling !== undefined || landmark !== undefined ? 'latency' : undefined;
    },
    get roundFromMs() {
      return roundFromMs;
    },
    judge(nowMs) {
      const shift = round.shift();
      const trying = limit > good;
      const bad = trying ? WORST : Math.max(BAD_AT_GOOD, accepted + BAD);
      const needed = round.needed(BAD);
      if (round.pages < Math.max(3, needed * EARLY)) return undefined;
      const isBeyondDoubt = shift - 2.5 * round.error() > bad;
      const mayBeHiccup = shift < WORST && nowMs < roundFromMs + HICCUP_MS;
      const enough = round.pages >= Math.max(needed, Math.min(limit, 16));
      if (!enough || nowMs < roundFromMs + round.slowPageMs)
        return isBeyondDoubt && !mayBeHiccup ? 'bad' : undefined;
      // Fewer pages a second are what a dip is, and a handful of slow ones are no reason to stay down there.
      if (resume !== undefined) return isBeyondDoubt ? 'bad' : 'good';
      const isGood = trying
        ? goodput.pays(limit / good) && !goodput.collapses(limit / good, nowMs)
        : shift <= bad && !goodput.hasCollapsed(nowMs);
      if (isGood) return 'good';
      return mayBeHiccup ? undefined : 'bad';
    },
    follow(verdict, nowMs) {
      const before = limit;
      if (resume !== undefined && verdict === 'good') {
        comeUp(resume, nowMs);
        return;
      }
      if (resume !== undefined) {
        landmark = Math.max(landmark ?? 0, resume);
        good = limit;
        resume = undefined;
      }
      if (verdict === 'bad')
        stepBad(nowMs, limit <= good && round.shift() <= BAD_AT_GOOD && goodput.hasCollapsed(nowMs));
      else if (round.peakInFlight >= USED * limit) stepGood(nowMs);
      if (limit === before) round.restart(nowMs);
    },
    get dipMs() {
      return dipMs;
    },
    dip(nowMs) {
      resume = limit;
      go(LOW_LOAD, nowMs);
    },
    cut({ nowMs, share, fromMs, slow }) {
      const before = resume ?? limit;
      resume = undefined;
      const to = before > good ? Math.min(good, before - 1) : before * share;
      if (before > 1) {
        ceiling = Math.min(before, ceiling ?? before);
        refusedFrom = before;
        ceilingUntilMs = nowMs + refusedWaitMs * (slow ? 2 : 1);
        refusedWaitMs = Math.min(LONGEST_REFUSED_WAIT_MS, refusedWaitMs * 2);
      }
      step = undefined;
      goodput.forget();
      go(to, fromMs);
      good = limit;
    },
    rebase(by) {
      accepted = Math.max(0, accepted - by);
      goodput.rebase(by);
    },
    forgiveRefusals() {
      if (refusedFrom === undefined) return;
      landmark = Math.max(landmark ?? 0, refusedFrom);
      refusedFrom = undefined;
      ceiling = undefined;
      refusedWaitMs = FIRST_REFUSED_WAIT_MS;
    },
    comeBack(nowMs) {
      resume = undefined;
      landmark = Math.max(good, landmark ?? 0, refusedFrom ?? 0);
      refusedFrom = undefined;
      refusedWaitMs = FIRST_REFUSED_WAIT_MS;
      good = clamp(Math.max(1, landmark / 4));
      ceiling = undefined;
      accepted = 0;
      goodput.forget();
      go(good, nowMs);
    },
  };
}
