/**
 * What holds a batch back now, out of all that may. Pure. Only what binds is named: a bound that the pages in flight do
 * not reach holds nothing, and a batch with no page left to start is held by nothing either.
 */
import type { SlotsReason } from './machine-throughput.js';
import type { ThrottleDecision } from './throttle.js';

export interface HoldingFacts {
  /** Pages in flight over the whole farm. */
  inFlight: number;
  /** Pages that could start now if they were let. */
  ready: number;
  /** Pages in flight that the target is given, over the whole farm, before pace. */
  limit: number;
  /** Why the limit is where it is; undefined: not known. */
  limitWhy?: ThrottleDecision['why'] | undefined;
  /** Pages in flight that the processes of the farm have room for. */
  slots: number;
  /** Why there are fewer slots than the processes were started with; undefined when there are not. */
  slotsWhy?: SlotsReason | undefined;
  /** Pages in flight that are enough for the SLA window; undefined without one. */
  paceLimit?: number | undefined;
  /** Page starts are spaced, or put off, for this; undefined when they are not. */
  spacedBy?: 'target' | 'pace' | 'politeness' | undefined;
  /** The target is down, and is probed. */
  isDown?: boolean | undefined;
  /** No proxy is left that works. */
  isWithoutProxy?: boolean | undefined;
}

export interface HeldBy {
  by: 'target' | 'machine' | 'pace' | 'politeness' | 'down' | 'proxies';
  /** In a word, where there is more to say: `memory`, `latency`; `concurrency`: all slots are in use, more workers would help; `throughput`: more in flight get no more done on this machine. */
  why?: string;
}

/** Undefined: nothing. */
export function heldBy(facts: HoldingFacts): HeldBy | undefined {
  if (facts.isDown === true) return { by: 'down' };
  if (facts.isWithoutProxy === true) return { by: 'proxies' };
  if (facts.ready === 0) return undefined;
  const { bound, held } = tightest(facts);
  if (facts.inFlight >= bound) return held;
  return facts.spacedBy === undefined ? undefined : spaced(facts.spacedBy, facts.limitWhy);
}

/** Of equals the target: more machines would not help. */
function tightest(facts: HoldingFacts): { bound: number; held: HeldBy } {
  const { limit, paceLimit } = facts;
  // Pages are in flight, but nobody has told of their slots yet.
  const slots = facts.slots === 0 && facts.inFlight > 0 ? Number.POSITIVE_INFINITY : facts.slots;
  const bound = Math.min(limit, slots, paceLimit ?? Number.POSITIVE_INFINITY);
  if (bound === limit) return { bound, held: byTarget(facts.limitWhy) };
  if (bound === paceLimit) return { bound, held: { by: 'pace' } };
  return {
    bound,
    held: { by: 'machine', why: facts.slotsWhy ?? (slots === 0 ? 'no worker' : 'concurrency') },
  };
}

function byTarget(why: HoldingFacts['limitWhy']): HeldBy {
  if (why === 'maximum') return { by: 'politeness', why: 'maxConcurrency' };
  if (why === 'down') return { by: 'down' };
  return why === undefined ? { by: 'target' } : { by: 'target', why };
}

function spaced(by: NonNullable<HoldingFacts['spacedBy']>, why: HoldingFacts['limitWhy']): HeldBy {
  return by === 'target' ? { by, why: why === undefined || why === 'maximum' ? 'rate' : why } : { by };
}
