/**
 * A farm and a target in virtual time: page slots, the caller's tick of 200 ms, retries after what the target asked
 * for. Event by event and seeded: the same options give the same run.
 */
import type { PageSample } from '../../src/throttle/page-sample.js';
import { createClock } from './clock.js';
import type { Law } from './laws.js';
import { createRandom, type Random } from './random.js';
import type { Target } from './targets.js';

export interface FarmOptions {
  target: (random: Random) => Target;
  law: Law;
  pages: number;
  slots?: number;
  /** Our own work a page, beside waiting for the target. */
  localMs?: [number, number];
  labelOf?: (page: number) => string;
  seed?: number;
  startMs?: number;
  /** Stops here, done or not. */
  untilMs?: number;
  tickMs?: number;
}

export interface FarmRun {
  tookMs: number;
  done: number;
  requests: number;
  refused: number;
  failed: number;
  /** 95th percentile of the response time by what the page costs unloaded. */
  p95Ratio: number;
  meanInFlight: number;
  /** Every tick. */
  ticks: { atMs: number; limit: number; inFlight: number; done: number; why: string }[];
}

const DEFAULT_PAUSE_MS = 1_000;
const FAILED_RETRY_MS = 1_000;

export function runFarm(options: FarmOptions): FarmRun {
  const { law, pages, slots = 64, tickMs = 200, startMs = Date.UTC(2026, 0, 5, 1) } = options;
  const random = createRandom(options.seed ?? 1);
  const target = options.target(random);
  const clock = createClock(startMs);
  const untilMs = startMs + (options.untilMs ?? 24 * 3_600_000);
  const retries: number[] = [];
  const ratios: number[] = [];
  const ticks: FarmRun['ticks'] = [];
  let fresh = 0;
  let waiting = pages;
  let inFlight = 0;
  let atTarget = 0;
  let done = 0;
  let requests = 0;
  let refused = 0;
  let failed = 0;
  let busyMs = 0;
  let busySinceMs = startMs;
  let samples: PageSample[] = [];
  let decision = law.take([], { nowMs: startMs, inFlight: 0 });
  let pausedUntilMs = 0;
  let nextStartMs = startMs;
  let startPlanned = false;
  let endedAtMs = startMs;

  const countBusy = () => {
    busyMs += inFlight * (clock.nowMs() - busySinceMs);
    busySinceMs = clock.nowMs();
  };

  function startPages(): void {
    while (waiting > 0 && inFlight < Math.min(slots, decision.limit)) {
      const now = clock.nowMs();
      const notBeforeMs = Math.max(pausedUntilMs, decision.perSecond === undefined ? 0 : nextStartMs);
      if (now < notBeforeMs) {
        if (startPlanned) return;
        startPlanned = true;
        clock.at(notBeforeMs, () => {
          startPlanned = false;
          startPages();
        });
        return;
      }
      if (decision.perSecond !== undefined)
        nextStartMs = Math.max(now, nextStartMs + 1_000 / decision.perSecond);
      waiting -= 1;
      startPage(retries.pop() ?? fresh++);
    }
  }

  function startPage(page: number): void {
    const startedAtMs = clock.nowMs();
    const label = options.labelOf?.(page) ?? '';
    countBusy();
    inFlight += 1;
    atTarget += 1;
    requests += 1;
    const answer = target.answer({ page, label, nowMs: startedAtMs - startMs, inFlight: atTarget, done });
    clock.at(startedAtMs + answer.ms, () => {
      atTarget -= 1;
      const [least, most] = options.localMs ?? [0, 0];
      clock.at(clock.nowMs() + least + random() * (most - least), () => {
        countBusy();
        inFlight -= 1;
        const sample: PageSample = {
          page,
          label,
          startedAtMs,
          endedAtMs: clock.nowMs(),
          dataMs: answer.dataMs ?? [],
          answer: answer.kind,
          ...(answer.kind === 'failed' ? {} : { documentMs: answer.ms }),
          ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
        };
        samples.push(sample);
        finish(sample, answer.unloadedMs);
        startPages();
      });
    });
  }

  function finish(sample: PageSample, unloadedMs: number): void {
    const now = clock.nowMs();
    if (sample.answer === 'served') {
      done += 1;
      endedAtMs = now;
      ratios.push((sample.documentMs ?? 0) / unloadedMs);
      return;
    }
    let waitMs = FAILED_RETRY_MS;
    if (sample.answer === 'refused') {
      refused += 1;
      waitMs = sample.retryAfterMs ?? DEFAULT_PAUSE_MS;
      // The worker that is refused stops the farm at once; the law hears of it with the next tick.
      if (law.obeysRetryAfter) pausedUntilMs = Math.max(pausedUntilMs, now + waitMs);
    } else failed += 1;
    clock.at(now + waitMs, () => {
      retries.push(sample.page);
      waiting += 1;
      startPages();
    });
  }

  function tick(): void {
    const nowMs = clock.nowMs();
    decision = law.take(samples, { nowMs, inFlight });
    samples = [];
    pausedUntilMs = Math.max(pausedUntilMs, decision.pausedUntilMs);
    ticks.push({ atMs: nowMs - startMs, limit: decision.limit, inFlight, done, why: decision.why });
    startPages();
    if (done < pages && nowMs < untilMs) clock.at(nowMs + tickMs, tick);
  }

  tick();
  while (done < pages && clock.nowMs() < untilMs && clock.step());
  countBusy();
  ratios.sort((a, b) => a - b);
  const tookMs = (done >= pages ? endedAtMs : clock.nowMs()) - startMs;
  return {
    tookMs,
    done,
    requests,
    refused,
    failed,
    p95Ratio: ratios[Math.floor(0.95 * (ratios.length - 1))] ?? Number.NaN,
    meanInFlight: busyMs / Math.max(1, tookMs),
    ticks,
  };
}
