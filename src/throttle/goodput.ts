/**
 * Pages a second and mean wait at the limit that is good, and what they say of a round: the second witness beside the
 * shift, for a target of which most answers are as quick as ever while it gets less and less done.
 */
import type { Round } from './shift.js';

/** Up to here a slowdown is none (log). */
const CLEAR = Math.log(1.08);
/** From here on a step must pay for it by half of what it should. */
export const BAD = Math.log(1.25);
/** Above this no gain excuses it. */
export const WORST = Math.log(1.8);
const MUST_GAIN = { little: 0.2, much: 0.5 } as const;

/** Pages a second, by those before, that are far too few. */
const COLLAPSED = 0.7;
const HARDLY_ANY = 0.35;
const FAR_SLOWER = 1.5;
const SURE_ERRORS = 2.5;
/** Fewer pages make no rate. */
const LEAST_SERVED = 5;
const MANY_EXPECTED = 20;
/** Weights of a round's pages a second: what was better is forgotten slowly, so that a collapse is not what is usual. */
const LEARN_HIGHER = 0.5;
const LEARN_LOWER = 0.05;

export interface Goodput {
  /** The round is good. */
  keep(nowMs: number): void;
  forget(): void;
  /** The baseline has moved by so much (log). */
  rebase(by: number): void;
  /** `step`: the limit tried by the good one. It makes the target no slower, or it pays in pages a second. */
  pays(step: number): boolean;
  /** Tried at `step` times the good limit, the target gets less done than before. */
  collapses(step: number, nowMs: number): boolean;
  /** At the good limit itself the target has begun to get far less done, and its answers say so. */
  hasCollapsed(nowMs: number): boolean;
  /** As many pages a second are served now as were at the good limit. */
  isReached(nowMs: number): boolean;
}

export function createGoodput(round: Round): Goodput {
  /** Of the good limit. Pages a second are the limit by `pageMs` (Little's law), and as they were counted. */
  let pageMs: number | undefined;
  let perSecond: number | undefined;
  let wait: { mean: number; error: number } | undefined;

  const perSecondNow = (nowMs: number) =>
    round.served >= LEAST_SERVED ? (round.served * 1_000) / Math.max(1, nowMs - round.beganAtMs) : undefined;

  return {
    keep(nowMs) {
      pageMs = round.pageMs;
      const now = perSecondNow(nowMs);
      if (now === undefined) return;
      const lower = perSecond !== undefined && now < perSecond;
      perSecond ??= now;
      perSecond += (now - perSecond) * (lower ? LEARN_LOWER : LEARN_HIGHER);
      if (!lower || wait === undefined) wait = round.wait;
    },
    forget() {
      pageMs = undefined;
      perSecond = undefined;
      wait = undefined;
    },
    rebase(by) {
      if (wait !== undefined) wait = { mean: wait.mean * Math.exp(-by), error: wait.error * Math.exp(-by) };
    },
    pays(step) {
      const shift = round.shift();
      if (shift <= CLEAR) return true;
      if (shift >= WORST) return false;
      if (pageMs === undefined || round.pageMs === undefined) return shift <= BAD;
      const gain = ((step * pageMs) / round.pageMs - 1) / (step - 1);
      return gain >= (shift <= BAD ? MUST_GAIN.little : MUST_GAIN.much);
    },
    collapses(step, nowMs) {
      const now = perSecondNow(nowMs);
      if (perSecond !== undefined && now !== undefined && now < COLLAPSED * perSecond) return true;
      if (wait === undefined) return false;
      const { mean, error } = round.wait;
      return mean - step * wait.mean > SURE_ERRORS * Math.hypot(error, step * wait.error);
    },
    hasCollapsed(nowMs) {
      const now = perSecondNow(nowMs);
      if (perSecond === undefined || wait === undefined || now === undefined) return false;
      const { mean, error } = round.wait;
      const slower = mean - FAR_SLOWER * wait.mean;
      const expected = (perSecond * (nowMs - round.beganAtMs)) / 1_000;
      if (expected >= MANY_EXPECTED && now < HARDLY_ANY * perSecond && slower > 0) return true;
      return now < COLLAPSED * perSecond && slower > SURE_ERRORS * Math.hypot(error, FAR_SLOWER * wait.error);
    },
    isReached(nowMs) {
      const now = perSecondNow(nowMs);
      return now !== undefined && perSecond !== undefined && now > 0.9 * perSecond;
    },
  };
}
