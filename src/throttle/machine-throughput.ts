/**
 * With how many pages in flight one process gets the most done, found by trying. Pure: pages completed and the clock in,
 * slots out, from 1 to what `machine-limit` allows.
 *
 * It measures in *blocks*: at least 24 pages and three seconds at one number of slots, begun only when every slot has had
 * a page since the last change. A block counts only while the slots are what bounds, not the target or an empty queue.
 * A *trial* compares the number that is kept with one more or less than it, in turns (keep, try, keep, try …), because a
 * machine's pace drifts by more than a slot is worth: what counts is each tried block beside its two neighbours, and the
 * spread of these differences says how many are needed. More slots are kept when they bring a fifth of what they would if
 * pages cost the machine nothing, fewer when they lose less than an eighth of that: what lies between stays as it is, so
 * it does not swing.
 *
 * At first it *finds*: up by half as long as that pays, then down, until neither does. From then on it rests between trials,
 * each time that one fails twice as long, and they are of a fifth. A pace that has become another altogether begins the
 * finding anew.
 */
import type { MachineReason } from './machine-limit.js';

/**
 * Why a process has fewer slots than it was started with. `finding`: it tries how many get the most done; `throughput`:
 * more of them get no more done.
 */
export type SlotsReason = MachineReason | 'finding' | 'throughput';

export interface ThroughputSeen {
  /** Pages of this process that were completed since it began. */
  completed: number;
  /** There are more pages to start than there are slots for. */
  isBound: boolean;
}

export interface ThroughputNow {
  /** Slots that the machine allows. */
  most: number;
  /** It does not try fewer: what is flat now, because something else holds all of it up, will not stay so. */
  least: number;
  nowMs: number;
}

export interface ThroughputState {
  /** Pages in flight now, whole: `kept`, or what is tried, and never more than is allowed. */
  slots: number;
  kept: number;
  /** Slots that are in use by turns: pages are worth keeping warm for so many. */
  room: number;
  /** Neither more nor fewer were better when that was last tried. */
  isFound: boolean;
  trial: Trial | undefined;
  block: Block;
  /** Of the next trial. */
  direction: 'up' | 'down';
  /** Directions that failed one after the other. */
  failed: number;
  /** No trial before this. */
  restUntilMs: number;
  patienceMs: number;
  /** What is usual for the kept slots, and how many blocks in a row were far from it: log of pages a second. */
  usual: number | undefined;
  unusual: number;
}

interface Trial {
  to: number;
  /** Log of pages a second of the blocks: kept, tried, kept, tried … */
  paces: readonly number[];
}

interface Block {
  fromMs: number;
  fromCompleted: number;
  /** Every slot has had a page since the last change. */
  isSettled: boolean;
  looks: number;
  boundLooks: number;
}

const LEAST_PAGES = 24;
const PAGES_A_SLOT = 2;
const LEAST_MS = 3_000;
const SETTLE_MS = 1_000;
/** Of the looks of a block, how many must have found the slots in use. */
const BOUND = 0.7;

const FIRST_STRIDE = 1.5;
const STRIDE = 1.2;
/** Of the log of the ratio of slots. */
const WORTH_MORE = 0.2;
const WORTH_LESS = 0.12;

/** The spread of a tried block beside its neighbours, before any was seen, and how much that weighs. */
const USUAL_SPREAD = 0.1;
const USUAL_WEIGHT = 3;
/** Standard errors from which it is sure. */
const SURE = 2;
const MOST_PAIRS = 8;

const FIRST_PATIENCE_MS = 20_000;
const MOST_PATIENCE_MS = 5 * 60_000;
const OTHER_PACE = 0.3;
const OTHER_BLOCKS = 2;

export function initialThroughput({ slots, nowMs }: { slots: number; nowMs: number }): ThroughputState {
  return {
    slots,
    kept: slots,
    room: slots,
    isFound: false,
    trial: undefined,
    block: freshBlock(nowMs, 0, false),
    direction: 'up',
    failed: 0,
    restUntilMs: nowMs,
    patienceMs: FIRST_PATIENCE_MS,
    usual: undefined,
    unusual: 0,
  };
}

/** To be called about twice a second. */
export function nextThroughput(
  before: ThroughputState,
  seen: ThroughputSeen,
  now: ThroughputNow,
): ThroughputState {
  if (now.most < Math.max(before.slots, before.kept, before.trial?.to ?? 0))
    return at({ ...before, trial: undefined }, before.kept, { seen, now });
  const state = at(before, before.trial === undefined ? before.kept : before.slots, { seen, now });
  const block = {
    ...state.block,
    looks: state.block.looks + 1,
    boundLooks: state.block.boundLooks + (seen.isBound ? 1 : 0),
  };
  const pages = seen.completed - block.fromCompleted;
  const ms = now.nowMs - block.fromMs;
  if (ms >= LEAST_MS && block.boundLooks < BOUND * block.looks) return slack(state, { seen, now });
  if (!block.isSettled) {
    const isSettled = ms >= SETTLE_MS && pages >= state.slots;
    return { ...state, block: isSettled ? freshBlock(now.nowMs, seen.completed, true) : block };
  }
  if (ms < LEAST_MS || pages < Math.max(LEAST_PAGES, PAGES_A_SLOT * state.slots)) return { ...state, block };
  return measured(state, Math.log((pages * 1_000) / ms), { seen, now });
}

interface Facts {
  seen: ThroughputSeen;
  now: ThroughputNow;
}

function freshBlock(fromMs: number, fromCompleted: number, isSettled: boolean): Block {
  return { fromMs, fromCompleted, isSettled, looks: 0, boundLooks: 0 };
}

/** The state with so many slots; with others than before, a new block. */
function at(state: ThroughputState, wanted: number, { seen, now }: Facts): ThroughputState {
  const slots = Math.max(1, Math.min(wanted, now.most));
  const room = Math.max(slots, Math.min(now.most, Math.max(state.kept, state.trial?.to ?? 0)));
  const block = slots === state.slots ? state.block : freshBlock(now.nowMs, seen.completed, false);
  return { ...state, slots, room, block };
}

/** Something else than the slots bounds: nothing can be learned of them. */
function slack(state: ThroughputState, facts: Facts): ThroughputState {
  const { nowMs } = facts.now;
  const block = freshBlock(nowMs, facts.seen.completed, false);
  if (state.trial === undefined) return { ...state, block };
  const { to, paces } = state.trial;
  const one = state.kept + 1;
  // The target may bear one more, though not so many more.
  if (to > one) return at({ ...state, block, trial: { to: one, paces: paces.slice(0, 1) } }, one, facts);
  return at({ ...state, block, trial: undefined, restUntilMs: nowMs + FIRST_PATIENCE_MS }, state.kept, facts);
}

function measured(before: ThroughputState, pace: number, facts: Facts): ThroughputState {
  const { seen, now } = facts;
  const state = { ...before, block: freshBlock(now.nowMs, seen.completed, true) };
  if (state.trial === undefined) return kept(state, pace, facts);
  const trial = { ...state.trial, paces: [...state.trial.paces, pace] };
  const isBetter = verdict(trial, state.kept);
  if (isBetter === undefined)
    return at({ ...state, trial }, state.slots === trial.to ? state.kept : trial.to, facts);
  if (!isBetter) return rejected(state, facts);
  const accepted = { ...state, kept: trial.to, trial: undefined, failed: 0, usual: undefined, unusual: 0 };
  // The last block may be the first one of the next trial.
  return state.slots === trial.to ? begun(accepted, pace, facts) : at(accepted, trial.to, facts);
}

function kept(before: ThroughputState, pace: number, facts: Facts): ThroughputState {
  const state = accustomed(before, pace, facts.now.nowMs);
  return facts.now.nowMs < state.restUntilMs ? state : begun(state, pace, facts);
}

function accustomed(state: ThroughputState, pace: number, nowMs: number): ThroughputState {
  const { usual = pace } = state;
  const unusual = Math.abs(pace - usual) > OTHER_PACE ? state.unusual + 1 : 0;
  if (unusual < OTHER_BLOCKS)
    return { ...state, unusual, usual: unusual > 0 ? usual : usual + 0.2 * (pace - usual) };
  return {
    ...state,
    ...{ usual: pace, unusual: 0, isFound: false, direction: 'up', failed: 0 },
    ...{ restUntilMs: nowMs, patienceMs: FIRST_PATIENCE_MS },
  };
}

function begun(state: ThroughputState, pace: number, facts: Facts): ThroughputState {
  const other = state.direction === 'up' ? 'down' : 'up';
  for (const direction of [state.direction, other] as const) {
    const to = stepOf(state, direction, facts.now);
    if (to !== state.kept) return at({ ...state, direction, trial: { to, paces: [pace] } }, to, facts);
  }
  return { ...state, isFound: true };
}

/** `kept` itself when there is none. */
function stepOf(
  { kept: from, isFound, failed }: ThroughputState,
  direction: 'up' | 'down',
  { most, least }: ThroughputNow,
): number {
  const stride = isFound || failed > 0 ? STRIDE : FIRST_STRIDE;
  if (direction === 'up') return Math.min(most, Math.max(from + 1, Math.round(from * stride)));
  return Math.max(Math.min(least, from), Math.min(from - 1, Math.round(from / stride)));
}

/** Whether what was tried is to be kept; undefined: not sure yet. */
function verdict({ to, paces }: Trial, from: number): boolean | undefined {
  const differences = paces.flatMap((pace, index) => {
    if (index % 2 === 0) return [];
    const before = paces[index - 1] ?? pace;
    return [pace - (before + (paces[index + 1] ?? before)) / 2];
  });
  const pairs = differences.length;
  const mean = differences.reduce((sum, one) => sum + one, 0) / pairs;
  const squares = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const variance = (USUAL_WEIGHT * USUAL_SPREAD ** 2 + squares) / (USUAL_WEIGHT + pairs - 1);
  const worth = Math.log(to / from) * (to > from ? WORTH_MORE : WORTH_LESS);
  if (Math.abs(mean - worth) > SURE * Math.sqrt(variance / pairs)) return mean > worth;
  return pairs >= MOST_PAIRS && paces.length % 2 === 1 ? mean > worth : undefined;
}

function rejected(state: ThroughputState, facts: Facts): ThroughputState {
  const failed = state.failed + 1;
  const isFound = state.isFound || failed >= 2;
  const after: ThroughputState = {
    ...state,
    isFound,
    failed,
    trial: undefined,
    direction: state.direction === 'up' ? 'down' : 'up',
    restUntilMs: isFound ? facts.now.nowMs + state.patienceMs : facts.now.nowMs,
    patienceMs: isFound ? Math.min(MOST_PATIENCE_MS, state.patienceMs * 2) : state.patienceMs,
  };
  return at(after, state.kept, facts);
}
