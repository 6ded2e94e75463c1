/**
 * How many pages one process may have in flight for the sake of its machine, whatever the target bears. Pure: readings
 * and the clock in, slots out, between 1 and the configured concurrency.
 *
 * Three things are watched, each with a band: over its upper bound slots go, under its lower bound they may come back,
 * in between nothing moves. *Memory* is cut quickly, because the kernel kills without warning: half of the slots each
 * second over the budget, a quarter every three when that is near. A late *event loop* lets the queue's locks lapse
 * (10 s): a standstill halves the slots at once, a lasting lag takes one at a time. A busy *CPU* is no harm by itself,
 * it is what a farm is for; only when the event loop suffers of it does it cost slots, one at a time. Neither of the
 * slow cuts goes below one slot a CPU.
 *
 * Back they come one at a time. The slots at which trouble began are the *ceiling*: up to it the way is quick, and
 * before it is tried again everything must have been calm for the *patience*, which doubles with each new trouble. So
 * trouble of our own making ends just below its ceiling, with rarer and rarer trials; that of others is forgotten.
 */
export interface MachineReading {
  /** p99 of the event loop's lateness since the last reading, ms. */
  lagMs: number;
  /** Share of time, 0 to 1, that somebody waited for a CPU, or that the CPUs were in use; undefined: not known. */
  cpuPressure: number | undefined;
  /** CPUs that this process may use; may be a fraction. */
  cpus: number;
  /** Memory of this process and of its browsers. */
  usedMb: number;
  /** Most that `usedMb` should be; Infinity: no bound. */
  budgetMb: number;
  /** What the machine or the container still has, where it has least; undefined: not known. */
  free: { mb: number; ofMb: number } | undefined;
}

export type MachineReason = 'memory' | 'event-loop' | 'cpu';

export interface MachineState {
  /** Pages in flight at most, whole, from 1 to the concurrency. */
  slots: number;
  /** Why there are fewer slots than the concurrency; undefined when there are not. */
  reason: MachineReason | undefined;
  /** The browser is to be replaced: over the budget with one slot. True for one reading. */
  renewBrowser: boolean;
  /** The event loop's lateness, smoothed. */
  lagMs: number;
  lateSinceMs: number | undefined;
  busySinceMs: number | undefined;
  /** Since when all has been calm, or the last slot was given back. */
  calmSinceMs: number | undefined;
  /** From a cut until the first slot is given back. */
  inTrouble: boolean;
  ceiling: number | undefined;
  patienceMs: number;
  cutAtMs: number;
  renewedAtMs: number;
  readAtMs: number;
}

export interface MachineNow {
  concurrency: number;
  /** Slots that are made use of, where these are fewer: a cut counts from there. */
  inUse?: number;
  nowMs: number;
}

/** Slots go when so much of the budget is used. */
const NEAR_BUDGET = 0.8;
const WELL_UNDER_BUDGET = 0.7;
/** Shares of the machine's memory, of a large machine's first 16 GB. */
const LITTLE_FREE = 0.1;
const ALMOST_NONE_FREE = 0.05;
const ENOUGH_FREE = 0.15;
const LARGE_MB = 16_384;
const OVER_BUDGET_EVERY_MS = 1_000;
const NEAR_BUDGET_EVERY_MS = 3_000;
/** A browser that is over the budget by itself, with one page, is not replaced over and over. */
const RENEW_EVERY_MS = 60_000;

/** The queue's locks are renewed every 2.5 s. */
const STANDSTILL_MS = 2_000;
const LATE_MS = 500;
const NOTICEABLY_LATE_MS = 200;
const IN_TIME_MS = 100;
const LATE_FOR_MS = 3_000;
const LOOP_EVERY_MS = 5_000;
const SMOOTHED_OVER_MS = 1_500;

const BUSY = 0.9;
const NOT_BUSY = 0.7;
const BUSY_FOR_MS = 15_000;

const UP_EVERY_MS = 5_000;
const FIRST_PATIENCE_MS = 30_000;
const MOST_PATIENCE_MS = 15 * 60_000;
/** Without trouble for so long, patience is as at first. */
const FORGIVE_MS = 30 * 60_000;

export function initialMachine({ concurrency, nowMs }: MachineNow): MachineState {
  return {
    slots: concurrency,
    reason: undefined,
    renewBrowser: false,
    lagMs: 0,
    lateSinceMs: undefined,
    busySinceMs: undefined,
    calmSinceMs: undefined,
    inTrouble: false,
    ceiling: undefined,
    patienceMs: FIRST_PATIENCE_MS / 2,
    cutAtMs: Number.NEGATIVE_INFINITY,
    renewedAtMs: Number.NEGATIVE_INFINITY,
    readAtMs: nowMs,
  };
}

/** To be called with each reading, about twice a second. */
export function nextMachine(before: MachineState, reading: MachineReading, now: MachineNow): MachineState {
  const state = judged(before, reading, now);
  const after =
    memoryCut(state, reading, now) ??
    loopCut(state, reading, now) ??
    cpuCut(state, reading, now) ??
    raised(state, now);
  return withRenewal(after, reading, now);
}

function judged(state: MachineState, reading: MachineReading, { nowMs }: MachineNow): MachineState {
  const weight = 1 - Math.exp(-(nowMs - state.readAtMs) / SMOOTHED_OVER_MS);
  const lagMs = state.lagMs + weight * (Math.min(reading.lagMs, STANDSTILL_MS / 2) - state.lagMs);
  const pressure = reading.cpuPressure ?? 0;
  const isBusy = pressure >= BUSY && lagMs >= NOTICEABLY_LATE_MS;
  const isRelaxed = pressure < NOT_BUSY || lagMs < IN_TIME_MS;
  const isCalm = isRoomy(reading) && lagMs < IN_TIME_MS;
  return {
    ...state,
    renewBrowser: false,
    readAtMs: nowMs,
    lagMs,
    lateSinceMs: lagMs >= LATE_MS ? (state.lateSinceMs ?? nowMs) : undefined,
    busySinceMs: isBusy ? (state.busySinceMs ?? nowMs) : isRelaxed ? undefined : state.busySinceMs,
    calmSinceMs: isCalm ? (state.calmSinceMs ?? nowMs) : undefined,
    patienceMs: nowMs - state.cutAtMs >= FORGIVE_MS ? FIRST_PATIENCE_MS / 2 : state.patienceMs,
  };
}

function freeShare({ free }: MachineReading): number {
  return free === undefined ? 1 : free.mb / Math.min(free.ofMb, LARGE_MB);
}

function isRoomy(reading: MachineReading): boolean {
  return reading.usedMb <= reading.budgetMb * WELL_UNDER_BUDGET && freeShare(reading) >= ENOUGH_FREE;
}

function memoryCut(state: MachineState, reading: MachineReading, now: MachineNow): MachineState | undefined {
  const { usedMb, budgetMb } = reading;
  const free = freeShare(reading);
  if (usedMb <= budgetMb * NEAR_BUDGET && free >= LITTLE_FREE) return undefined;
  const isUrgent = usedMb > budgetMb || free < ALMOST_NONE_FREE;
  if (now.nowMs - state.cutAtMs < (isUrgent ? OVER_BUDGET_EVERY_MS : NEAR_BUDGET_EVERY_MS)) return undefined;
  return lowered(state, Math.floor(inForce(state, now) * (isUrgent ? 0.5 : 0.75)), 'memory', now);
}

function loopCut(state: MachineState, reading: MachineReading, now: MachineNow): MachineState | undefined {
  if (now.nowMs - state.cutAtMs < LOOP_EVERY_MS) return undefined;
  if (reading.lagMs >= STANDSTILL_MS)
    return lowered(state, Math.floor(inForce(state, now) / 2), 'event-loop', now);
  if (state.lateSinceMs === undefined || now.nowMs - state.lateSinceMs < LATE_FOR_MS) return undefined;
  return lowered(state, Math.max(Math.ceil(reading.cpus), inForce(state, now) - 1), 'event-loop', now);
}

function cpuCut(state: MachineState, { cpus }: MachineReading, now: MachineNow): MachineState | undefined {
  if (state.busySinceMs === undefined) return undefined;
  if (now.nowMs - Math.max(state.busySinceMs, state.cutAtMs) < BUSY_FOR_MS) return undefined;
  return lowered(state, Math.max(Math.ceil(cpus), inForce(state, now) - 1), 'cpu', now);
}

function inForce({ slots }: MachineState, { concurrency, inUse = concurrency }: MachineNow): number {
  return Math.min(slots, concurrency, inUse);
}

/** Undefined when there is nothing to take away. */
function lowered(
  state: MachineState,
  to: number,
  reason: MachineReason,
  now: MachineNow,
): MachineState | undefined {
  const from = inForce(state, now);
  const slots = Math.max(1, to);
  if (slots >= from) return undefined;
  const { inTrouble, ceiling, patienceMs } = state;
  return {
    ...state,
    slots,
    reason,
    cutAtMs: now.nowMs,
    calmSinceMs: undefined,
    inTrouble: true,
    // Memory comes back later than it is cut for: where its trouble began tells more than where it ended.
    ceiling: inTrouble && reason === 'memory' ? (ceiling ?? from) : from,
    patienceMs: inTrouble ? patienceMs : Math.min(MOST_PATIENCE_MS, patienceMs * 2),
  };
}

function raised(state: MachineState, { concurrency, nowMs }: MachineNow): MachineState {
  if (state.slots >= concurrency)
    return forgotten({ ...state, slots: concurrency, reason: undefined, inTrouble: false }, nowMs);
  const { slots, ceiling, calmSinceMs } = state;
  if (calmSinceMs === undefined) return state;
  if (ceiling !== undefined && slots >= ceiling) return forgotten(state, nowMs);
  const isTrial = ceiling !== undefined && slots + 1 >= ceiling;
  if (nowMs - calmSinceMs < (isTrial ? state.patienceMs : UP_EVERY_MS)) return state;
  const more = slots + 1;
  // Each slot shows what it costs before the next one comes.
  return {
    ...state,
    slots: more,
    calmSinceMs: nowMs,
    inTrouble: false,
    reason: more < concurrency ? state.reason : undefined,
  };
}

/** The ceiling has held for as long as it was waited for: the trouble was not of our making. */
function forgotten(state: MachineState, nowMs: number): MachineState {
  const { calmSinceMs, patienceMs } = state;
  if (calmSinceMs === undefined || nowMs - calmSinceMs < patienceMs) return state;
  return { ...state, ceiling: undefined };
}

function withRenewal(state: MachineState, reading: MachineReading, { nowMs }: MachineNow): MachineState {
  const isOver = reading.usedMb > reading.budgetMb;
  if (!isOver || state.slots > 1 || nowMs - state.renewedAtMs < RENEW_EVERY_MS) return state;
  return { ...state, renewBrowser: true, renewedAtMs: nowMs };
}
