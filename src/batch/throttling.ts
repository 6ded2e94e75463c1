/**
 * Governs a target's throttle from within the batches that fetch from it: takes in what the farm's pages showed,
 * decides, and applies the decision to the target's queue. However many batches and processes fetch from one target,
 * one of them governs; when it ends or dies another goes on from what was learned.
 */
import type { Queue } from 'bullmq';
import { createLimitedQueue } from '../queue/limited-queue.js';
import type { TargetBoard } from '../queue/target-board.js';
import type { QuietHours } from '../target/definition.js';
import type { PageSample } from '../throttle/page-sample.js';
import { quietUntilMs } from '../throttle/quiet-hours.js';
import {
  createThrottle,
  type LearnedThrottle,
  type Throttle,
  type ThrottleDecision,
} from '../throttle/throttle.js';
import type { OnBatchEvent } from './events.js';
import type { ThrottleFile } from './throttle-file.js';

/** What a batch needs of its target to make its window; absent: as much as the target bears. */
export interface Need {
  slots?: number;
  perSecond?: number;
}

export interface ThrottlingOptions {
  batch: string;
  /** Names this process's part among all that could govern. */
  who: string;
  queue: Queue;
  board: TargetBoard;
  file: ThrottleFile;
  maxConcurrency: number;
  minDelayMs: number;
  quietHours: readonly QuietHours[];
  onSamples: (samples: readonly PageSample[]) => void;
  onEvent: OnBatchEvent;
}

/** The decision with what the farm makes of it. */
export interface Governed {
  /** Pages in flight that are allowed now. */
  limit: number;
  /** What the target bears, pages in flight. */
  bearable: number;
  perSecond: number | undefined;
  circuit: 'closed' | 'open';
  /** What sets the limit. */
  why: ThrottleDecision['why'] | 'pace' | 'quiet-hours';
  /** Epoch ms; in the past or 0: no pause. */
  pausedUntilMs: number;
}

export interface Throttling {
  /** To be called every few hundred ms. `inFlight`: pages of the target in flight over the whole farm. */
  tick(now: { nowMs: number; inFlight: number; need: Need }): Promise<Governed>;
  /** Keeps what was learned, and leaves the throttle to another batch. */
  close(): Promise<void>;
}

const KEEP_EVERY_MS = 2_000;
const FILE_EVERY_MS = 30_000;

export function createThrottling(options: ThrottlingOptions): Throttling {
  const { batch, who, board, file, onEvent } = options;
  const queue = createLimitedQueue(options.queue);
  let throttle: Throttle | undefined;
  let keptAtMs = 0;
  let filedAtMs = 0;
  let last: Governed | undefined;

  async function begin(nowMs: number): Promise<Throttle> {
    const learned = parsed<LearnedThrottle>(await board.learned()) ?? (await file.read());
    filedAtMs = nowMs;
    return createThrottle({ maxConcurrency: options.maxConcurrency, learned, nowMs });
  }

  async function keep(throttleNow: Throttle, nowMs: number): Promise<void> {
    if (nowMs - keptAtMs < KEEP_EVERY_MS) return;
    keptAtMs = nowMs;
    const learned = throttleNow.learned(nowMs);
    await board.setLearned(JSON.stringify(learned));
    if (nowMs - filedAtMs < FILE_EVERY_MS) return;
    filedAtMs = nowMs;
    await file.write(learned);
  }

  function govern(decision: ThrottleDecision, need: Need, nowMs: number): Governed {
    const { limit: bearable, circuit } = decision;
    const quietMs = Math.max(0, ...options.quietHours.map((hours) => quietUntilMs(hours, nowMs) ?? 0));
    const slots = need.slots === undefined ? bearable : Math.max(1, Math.ceil(need.slots));
    const isPaced =
      slots < bearable ||
      (need.perSecond !== undefined && need.perSecond < (decision.perSecond ?? Number.POSITIVE_INFINITY));
    return {
      limit: Math.min(bearable, slots),
      bearable,
      perSecond: least(decision.perSecond, need.perSecond),
      circuit,
      why: quietMs > 0 ? 'quiet-hours' : isPaced ? 'pace' : decision.why,
      pausedUntilMs: Math.max(decision.pausedUntilMs, quietMs),
    };
  }

  function tell(now: Governed, nowMs: number): void {
    const was = last;
    last = now;
    if (now.circuit === 'open' && was?.circuit !== 'open')
      onEvent({ kind: 'target.down', batch, probedAgainInMs: Math.max(0, now.pausedUntilMs - nowMs) });
    if (now.circuit === 'closed' && was?.circuit === 'open') onEvent({ kind: 'target.back', batch });
    if (now.why === 'quiet-hours' && was?.why !== 'quiet-hours')
      onEvent({ kind: 'target.quiet-hours', batch, until: new Date(now.pausedUntilMs).toISOString() });
    const asked = now.why === 'refused' || now.why === 'blocked';
    if (asked && was?.why !== now.why && now.circuit === 'closed')
      onEvent({
        kind: 'target.overloaded',
        batch,
        why: now.why,
        limit: now.limit,
        pausedMs: Math.max(0, now.pausedUntilMs - nowMs),
      });
  }

  return {
    async tick({ nowMs, inFlight, need }) {
      await board.setNeed(batch, JSON.stringify({ ...need, atMs: nowMs }));
      if (!(await board.govern(who))) {
        throttle = undefined;
        last = parsed<Governed>(await board.decision()) ?? last;
        return last ?? unknownYet(options.maxConcurrency);
      }
      throttle ??= await begin(nowMs);
      const samples = await board.takeSamples();
      options.onSamples(samples);
      const decision = throttle.take(samples, { nowMs, inFlight });
      const now = govern(decision, sumOf(await board.needs(), nowMs), nowMs);
      await queue.apply({ ...now, minGapMs: options.minDelayMs }, nowMs);
      const retryGapMs = 1_000 / decision.retriesPerSecond;
      await board.setDecision({ json: JSON.stringify(now), circuit: now.circuit, retryGapMs });
      await keep(throttle, nowMs);
      tell(now, nowMs);
      return now;
    },
    async close() {
      await board.setNeed(batch, undefined);
      if (throttle === undefined) return;
      const learned = throttle.learned(Date.now());
      await board.setLearned(JSON.stringify(learned));
      await file.write(learned);
      await board.giveUpGoverning(who);
    },
  };
}

/** A batch whose process died needs nothing more. */
const NEED_KNOWN_MS = 3_000;

/** What all batches of the target need together: one that takes what it gets makes the sum that. */
function sumOf(needs: readonly string[], nowMs: number): Need {
  const known = needs
    .map((json) => JSON.parse(json) as Need & { atMs: number })
    .filter(({ atMs }) => nowMs - atMs < NEED_KNOWN_MS);
  const total = (of: (need: Need) => number | undefined): number | undefined =>
    known.reduce<number | undefined>((sum, need) => (sum === undefined ? undefined : plus(sum, of(need))), 0);
  const slots = total((need) => need.slots);
  const perSecond = total((need) => need.perSecond);
  return { ...(slots === undefined ? {} : { slots }), ...(perSecond === undefined ? {} : { perSecond }) };
}

function plus(sum: number, part: number | undefined): number | undefined {
  return part === undefined ? undefined : sum + part;
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

function parsed<T>(json: string | undefined): T | undefined {
  return json === undefined ? undefined : (JSON.parse(json) as T);
}

function unknownYet(limit: number): Governed {
  return {
    limit,
    bearable: limit,
    perSecond: undefined,
    circuit: 'closed',
    why: 'finding',
    pausedUntilMs: 0,
  };
}
