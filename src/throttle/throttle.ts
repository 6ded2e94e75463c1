/**
 * The throttle of one target: samples and the clock in, a decision out. Pure; no I/O, no timer.
 *
 * It joins the parts: what answers take unloaded (`baseline`), how much slower they are now (`shift`), the number in
 * flight (`limit-law`), the page starts a second (`rate-cap`), what says that it is too much (`overload`), whether the
 * target is down (`circuit`). docs/decisions/0010-throttle-law.md says why this law.
 */
import { createBaseline } from './baseline.js';
import { createCircuit } from './circuit.js';
import { costsAt, type LearnedThrottle, readLearned } from './learned.js';
import { createLimitLaw, LOW_LOAD } from './limit-law.js';
import { createMeter } from './meter.js';
import { createOverloadWatch, type Overload } from './overload.js';
import type { PageSample } from './page-sample.js';
import { createRateCap } from './rate-cap.js';
import { createRound } from './shift.js';

export type { LearnedThrottle } from './learned.js';

export interface ThrottleOptions {
  /** Pages in flight at most over the whole farm. */
  maxConcurrency: number;
  /** What was learned of the target before; undefined for a target that was never met. */
  learned?: LearnedThrottle | undefined;
  nowMs: number;
}

export interface ThrottleDecision {
  /** Pages in flight over the whole farm, whole, at least 1. */
  limit: number;
  /** Page starts a second, evenly spaced; undefined: not bounded by the target. */
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

const COLD_LIMIT = 2;
const STALE_MS = 14 * 24 * 3_600_000;
/** Left of the limit after an overload. */
const LEFT = { refused: 0.7, failed: 0.5, blocked: 0.5 } as const;
/** A shift (log) that is taken for the target's own pace at low load, without waiting. */
const SMALL_SHIFT = Math.log(1.25);
const NOTICEABLE_SHIFT = Math.log(1.08);
/** How long a target must be ten times slower at low load until that is how it is; two minutes are not enough. */
const LEARN_SLOW_MS = 300_000;
const DIP_EVERY_MS = 60_000;
/** A dip takes at most this share of the time. */
const DIP_SHARE = 0.05;
/** The mean wait, by that at low load, from which the limit is doubted although most pages are as quick as ever. */
const DOUBTED_WAIT = 2;
const RETRIES_BY_SERVED = 0.25;
const RETRIES_WHILE_DOWN = 0.2;

export function createThrottle(options: ThrottleOptions): Throttle {
  const known = readLearned(options.learned);
  const stale = known !== undefined && options.nowMs - known.atMs > STALE_MS;
  const maximum = Math.max(1, Math.floor(options.maxConcurrency) || 1);
  const round = createRound(options.nowMs);
  const baseline = createBaseline(costsAt(known, options.nowMs));
  const law = createLimitLaw({
    maximum,
    limit: known === undefined ? COLD_LIMIT : stale ? Math.max(COLD_LIMIT, known.limit / 4) : known.limit,
    known: known !== undefined && !stale,
    nowMs: options.nowMs,
    round,
  });
  const rate = createRateCap(known?.perSecond, options.nowMs);
  const watch = createOverloadWatch();
  const circuit = createCircuit();
  const served = createMeter(options.nowMs);
  const hours: Record<string, Record<string, number>> = { ...known?.hours };
  let hour = hourOf(options.nowMs);
  let shift = 0;
  let lowLoadWait = Number.POSITIVE_INFINITY;
  let lowLoadAtMs = options.nowMs;
  let refusedAtMs = options.nowMs;
  let bestPace = 0;
  let lastCut: Overload | undefined;

  function see(sample: PageSample, nowMs: number): void {
    const overload = watch.see(sample, nowMs);
    const wasOpen = circuit.open;
    if (sample.answer === 'served') {
      circuit.served(sample.startedAtMs);
      if (wasOpen && !circuit.open) law.comeBack(nowMs);
      served.count(1, nowMs);
      round.countServed(pageMsOf(sample));
      measure(sample);
    } else if (sample.answer === 'failed' || (overload === 'refused' && sample.retryAfterMs === undefined)) {
      circuit.silent(sample, nowMs);
    }
    if (overload !== undefined && !circuit.open) cut(overload, nowMs);
  }

  function measure(sample: PageSample): void {
    const lowLoad = isLowLoad();
    const ratio = baseline.ratioOf(sample);
    if ((round.isSure || !round.hasUsual) && (lowLoad || !baseline.isSureOf(sample))) {
      const seen = round.hasUsual ? round.shift() : 0;
      // Where the shift is small it is learned with the cost: a cost less its own shift would run away from it.
      const unloaded = lowLoad && Math.abs(seen) <= SMALL_SHIFT;
      baseline.learn(sample, { shift: unloaded ? 0 : seen, lowLoad: unloaded });
    }
    if (sample.startedAtMs < law.roundFromMs) return;
    round.add({ ratio: ratio ?? round.shift(), pageMs: pageMsOf(sample) });
  }

  function isLowLoad(): boolean {
    return law.limit <= LOW_LOAD || (round.peakInFlight > 0 && round.peakInFlight <= LOW_LOAD);
  }

  function cut(overload: Overload, nowMs: number): void {
    lastCut = overload;
    const fromMs = Math.max(nowMs, watch.pausedUntilMs);
    const inFlightFew = law.limit <= LOW_LOAD;
    law.cut({ nowMs, share: LEFT[overload], fromMs, slow: overload === 'blocked' });
    if (overload !== 'refused') return;
    rate.refused(
      {
        burst: served.perSecondOver(1_000, nowMs),
        lasting: served.perSecondOver(nowMs - refusedAtMs, nowMs),
        inFlightFew,
      },
      nowMs,
    );
    refusedAtMs = nowMs;
    if (rate.held) law.forgiveRefusals();
  }

  /** What a round shows of the target's own pace. */
  function settle(verdict: 'good' | 'bad', nowMs: number): void {
    const seen = round.shift();
    const sure = seen + 2.5 * round.error() < 0;
    if (seen < shift - Math.LN2) round.forgetSlowPages();
    shift = seen;
    if (isLowLoad()) {
      const passedMs = Math.min(30_000, nowMs - lowLoadAtMs);
      lowLoadAtMs = nowMs;
      if (!round.hasUsual) round.keepAsUsual();
      else if (seen <= SMALL_SHIFT || isUsualAtThisHour(seen, nowMs)) {
        round.keepAsUsual();
        adjust(sure || seen > SMALL_SHIFT ? seen : seen / 2);
      } else adjust(Math.min(seen, (Math.LN10 * passedMs) / LEARN_SLOW_MS));
      lowLoadWait = round.wait.mean;
    } else if (verdict === 'good') {
      if (Math.abs(seen) <= NOTICEABLE_SHIFT) round.keepAsUsual();
      if (sure) adjust(seen / 2);
    }
  }

  function adjust(by: number): void {
    baseline.move(by);
    round.rebase(by);
    law.rebase(by);
    lowLoadWait *= Math.exp(-by);
    shift -= by;
  }

  function isUsualAtThisHour(seen: number, nowMs: number): boolean {
    const now = hourOf(nowMs);
    return [now + 23, now, now + 1].some((near) => {
      const costs = known?.hours[String(near % 24)];
      return costs !== undefined && seen <= (baseline.distanceTo(costs) ?? 0) + SMALL_SHIFT;
    });
  }

  function keepHour(): void {
    if (shift <= SMALL_SHIFT) hours[String(hour)] = baseline.costs();
  }

  function decide(nowMs: number): ThrottleDecision {
    const open = circuit.open;
    const pausedUntilMs = Math.max(watch.pausedUntilMs, circuit.probeAtMs);
    const perSecond = open ? Math.min(rate.perSecond ?? Infinity, 1_000 / circuit.gapMs) : rate.perSecond;
    return {
      limit: open ? 1 : law.limit,
      perSecond,
      pausedUntilMs: pausedUntilMs > nowMs ? pausedUntilMs : 0,
      circuit: open ? 'open' : 'closed',
      retriesPerSecond: open ? RETRIES_WHILE_DOWN : Math.max(1, RETRIES_BY_SERVED * served.perSecond(nowMs)),
      why: whyOf(),
    };
  }

  function whyOf(): ThrottleDecision['why'] {
    if (circuit.open) return 'down';
    if (rate.held) return 'rate';
    if (law.limit >= maximum) return 'maximum';
    if (law.heldBy === 'overload') return lastCut === 'blocked' ? 'blocked' : 'refused';
    return law.heldBy === 'latency' ? 'latency' : 'finding';
  }

  return {
    take(samples, { nowMs, inFlight }) {
      if (hourOf(nowMs) !== hour) {
        keepHour();
        hour = hourOf(nowMs);
      }
      served.count(0, nowMs);
      round.lookAt(inFlight);
      for (const sample of samples) see(sample, nowMs);
      const paused = circuit.open || watch.pausedUntilMs > nowMs;
      rate.tick({ nowMs, perSecond: served.perSecond(nowMs), paused });
      if (!paused) {
        const verdict = law.judge(nowMs);
        if (verdict !== undefined) {
          const wait = round.wait.mean;
          settle(verdict, nowMs);
          law.follow(verdict, nowMs);
          const doubted = shift > NOTICEABLE_SHIFT || wait > DOUBTED_WAIT * lowLoadWait;
          const rested = nowMs - lowLoadAtMs > Math.max(DIP_EVERY_MS, law.dipMs / DIP_SHARE);
          if (verdict === 'good') bestPace = served.perSecond(nowMs);
          if (verdict === 'good' && doubted && rested && law.limit > LOW_LOAD) law.dip(nowMs);
        }
      }
      return decide(nowMs);
    },
    learned(nowMs) {
      keepHour();
      return {
        version: 1,
        atMs: nowMs,
        limit: law.borne,
        perSecond: rate.held ? rate.perSecond : undefined,
        pagesPerSecond: bestPace,
        hours: { ...hours },
      };
    },
  };
}

function pageMsOf({ startedAtMs, endedAtMs }: PageSample): number {
  const pageMs = endedAtMs - startedAtMs;
  return Number.isFinite(pageMs) ? Math.max(1, pageMs) : 1;
}

function hourOf(nowMs: number): number {
  return new Date(nowMs).getUTCHours();
}
