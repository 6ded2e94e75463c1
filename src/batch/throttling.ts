/**
 * Governs a target's throttle from within the batches that fetch from it: takes in what the farm's pages showed,
 * decides, and applies the decision to the target's queue. However many batches and processes fetch from one target,
 * one of them governs; when it ends or dies another goes on from what was learned.
 */
import type { Queue } from 'bullmq';
import type { GateOrders, StartGate } from '../page/start-gate.js';
import type { Queued } from '../queue/fetch-look.js';
import { createLimitedQueue } from '../queue/limited-queue.js';
import type { TargetBoard } from '../queue/target-board.js';
import type { WorkerStanding } from '../queue/worker-board.js';
import type { QuietHours } from '../target/definition.js';
import type { PaceNeed } from '../throttle/pace.js';
import type { PageSample } from '../throttle/page-sample.js';
import { quietUntil } from '../throttle/quiet-hours.js';
import {
  createThrottle,
  type LearnedThrottle,
  type Throttle,
  type ThrottleDecision,
} from '../throttle/throttle.js';
import type { OnBatchEvent } from './events.js';
import type { TargetFile } from './target-file.js';

export interface ThrottlingOptions {
  batch: string;
  /** Names this process's part among all that could govern. */
  who: string;
  queue: Queue;
  board: TargetBoard;
  /** The farm's, as of a moment ago. */
  workers: () => Promise<WorkerStanding[]>;
  target: string;
  gate: StartGate;
  file: TargetFile<LearnedThrottle>;
  maxConcurrency: number;
  minDelayMs: number;
  quietHours: readonly QuietHours[];
  /** Its pages are at the target for no longer than it takes to settle them. */
  isFetching: () => boolean;
  onSamples: (samples: readonly PageSample[]) => void;
  onEvent: OnBatchEvent;
}

/** The decision with what the farm makes of it. */
export interface Governed {
  /** Pages in flight that are allowed now: the lower of what the target bears and what its batches need. */
  limit: number;
  /** Pages in flight that the target bears. */
  bearable: number;
  /** Why it bears no more. */
  why: ThrottleDecision['why'];
  /** Pages in flight that are enough for the windows of its batches; undefined: they take what they get. */
  paceLimit: number | undefined;
  /** Page starts a second. */
  perSecond: number | undefined;
  /** For whose sake page starts are spaced or put off; undefined: they are not. */
  spacedBy: 'target' | 'pace' | 'politeness' | undefined;
  circuit: 'closed' | 'open';
  /** Epoch ms; 0: no pause. */
  pausedUntilMs: number;
  /** The same, when the pause is for the target's quiet hours. */
  quietUntilMs: number;
}

export interface Throttling {
  /** To be called every few hundred ms. `queued`: the target's jobs over the whole farm. */
  tick(now: { nowMs: number; queued: Queued; need: PaceNeed }): Promise<Governed>;
  /** Keeps what was learned, and leaves the throttle to another batch. */
  close(): Promise<void>;
}

const KEEP_EVERY_MS = 2_000;
const FILE_EVERY_MS = 30_000;
/** What the batch needs is told again after this, though it is the same: others forget it. */
const TELL_EVERY_MS = 1_000;
/** Another process governs: its queue alone bounds the pages. */
const UNGOVERNED: GateOrders = { limit: Number.POSITIVE_INFINITY, ahead: 0 };

export function createThrottling(options: ThrottlingOptions): Throttling {
  const { batch, who, board, file, onEvent } = options;
  const queue = createLimitedQueue(options.queue);
  let throttle: Throttle | undefined;
  let keptAtMs = 0;
  let filedAtMs = 0;
  let last: Governed | undefined;
  let told = { need: '', atMs: Number.NEGATIVE_INFINITY };
  let announced = '';

  /** Whether nobody else takes pages of the target. */
  async function isAlone(): Promise<boolean> {
    const all = await options.workers();
    return all.filter(({ targets }) => options.target in targets).length === 1;
  }

  /** Undefined: it stands there already. */
  function newsOf(need: PaceNeed, nowMs: number): string | undefined {
    const json = JSON.stringify(need);
    if (json === told.need && nowMs - told.atMs < TELL_EVERY_MS) return undefined;
    told = { need: json, atMs: nowMs };
    return JSON.stringify({ ...need, atMs: nowMs });
  }

  /** For the farm's other batches of the target, and its workers. Of the gap between retries the order is enough. */
  async function announce(now: Governed, retryGapMs: number): Promise<void> {
    const json = JSON.stringify(now);
    const all = `${json} ${retryGapMs.toPrecision(1)}`;
    if (all === announced) return;
    await board.setDecision({ json, circuit: now.circuit, retryGapMs });
    announced = all;
  }

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

  function govern(decision: ThrottleDecision, need: PaceNeed, nowMs: number): Governed {
    const { limit: bearable, circuit, why } = decision;
    const quietUntilMs = Math.max(0, ...options.quietHours.map((hours) => quietUntil(hours, nowMs) ?? 0));
    const paceLimit = need.slots === undefined ? undefined : Math.max(1, Math.ceil(need.slots));
    const perSecond = least(decision.perSecond, need.perSecond);
    const rates = {
      politeness: options.minDelayMs === 0 ? undefined : 1_000 / options.minDelayMs,
      target: decision.perSecond,
      pace: need.perSecond,
    };
    return {
      limit: Math.min(bearable, paceLimit ?? bearable),
      bearable,
      why,
      paceLimit,
      perSecond,
      spacedBy: quietUntilMs > 0 ? 'politeness' : decision.pausedUntilMs > nowMs ? 'target' : slowest(rates),
      circuit,
      pausedUntilMs: Math.max(decision.pausedUntilMs, quietUntilMs),
      quietUntilMs,
    };
  }

  function tell(now: Governed, nowMs: number): void {
    const was = last;
    last = now;
    if (now.circuit === 'open' && was?.circuit !== 'open')
      onEvent({ kind: 'target.down', batch, probedAgainInMs: Math.max(0, now.pausedUntilMs - nowMs) });
    if (now.circuit === 'closed' && was?.circuit === 'open') onEvent({ kind: 'target.back', batch });
    if (now.quietUntilMs > 0 && (was?.quietUntilMs ?? 0) === 0)
      onEvent({ kind: 'target.quiet-hours', batch, until: new Date(now.quietUntilMs).toISOString() });
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
    async tick({ nowMs, queued, need }) {
      const beat = await board.beat({ who, batch, need: newsOf(need, nowMs) });
      if (!beat.governs) {
        if (throttle !== undefined) options.gate.govern(UNGOVERNED);
        throttle = undefined;
        announced = '';
        last = parsed<Governed>(beat.decision) ?? last;
        return last ?? unknownYet(options.maxConcurrency);
      }
      throttle ??= await begin(nowMs);
      const { samples, needs } = beat;
      if (samples.length > 0) options.onSamples(samples);
      needs.delete(batch);
      // What waits at the gate, or for its disk, is not at the target.
      const atTarget = Math.min(queued.active, last?.limit ?? queued.active);
      const decision = throttle.take(samples, { nowMs, inFlight: atTarget });
      const now = govern(decision, sumOf([need, ...knownOf(needs.values(), nowMs)]), nowMs);
      // Spaced starts are counted by the queue as it hands pages out: none may wait here meanwhile.
      const isFree = now.spacedBy === undefined && now.circuit === 'closed' && now.pausedUntilMs <= nowMs;
      const ahead = isFree && (await isAlone()) ? (options.isFetching() ? now.limit : 1) : 0;
      // The pause first: whoever waits at the gate would else go while the target asks for none.
      options.gate.holdUntil(now.pausedUntilMs);
      options.gate.govern({ limit: now.limit, ahead });
      await queue.apply({ ...now, ahead, minGapMs: options.minDelayMs }, { nowMs, queued });
      await announce(now, 1_000 / decision.retriesPerSecond);
      await keep(throttle, nowMs);
      tell(now, nowMs);
      return now;
    },
    async close() {
      if (throttle !== undefined) {
        options.gate.govern(UNGOVERNED);
        const learned = throttle.learned(Date.now());
        await board.setLearned(JSON.stringify(learned));
        await file.write(learned);
      }
      await board.leave({ who, batch });
    },
  };
}

/** A batch whose process died needs nothing more. */
const NEED_KNOWN_MS = 3_000;

function knownOf(needs: Iterable<string>, nowMs: number): PaceNeed[] {
  return [...needs]
    .map((json) => JSON.parse(json) as PaceNeed & { atMs: number })
    .filter(({ atMs }) => nowMs - atMs < NEED_KNOWN_MS);
}

/** What all batches of the target need together: one that takes what it gets makes the sum that. */
function sumOf(known: readonly PaceNeed[]): PaceNeed {
  const total = (of: (need: PaceNeed) => number | undefined): number | undefined =>
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

function slowest(rates: Record<'politeness' | 'target' | 'pace', number | undefined>): Governed['spacedBy'] {
  const bounds = Object.entries(rates).filter(([, perSecond]) => perSecond !== undefined);
  const [first] = bounds.sort(([, one = 0], [, other = 0]) => one - other);
  return first?.[0] as Governed['spacedBy'];
}

function unknownYet(limit: number): Governed {
  return {
    limit,
    bearable: limit,
    why: 'finding',
    paceLimit: undefined,
    perSecond: undefined,
    spacedBy: undefined,
    circuit: 'closed',
    pausedUntilMs: 0,
    quietUntilMs: 0,
  };
}
