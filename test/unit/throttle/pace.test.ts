/** The planner against simulated targets and frontiers, second by second, with the clock in hand. */
import { describe, expect, test } from 'vitest';
import { createPace, needed, type PaceHistory } from '../../../src/throttle/pace.js';

const HOUR = 3_600_000;
const STEP_MS = 500;

interface World {
  discovered: number;
  windowMs?: number;
  history?: PaceHistory;
  /** Pages in flight that the target bears. */
  bears: number;
  /** How long a page takes. */
  pageMs: (atMs: number) => number;
  /** Pages that the n-th settled page leads to. */
  follows?: (n: number) => number;
  /** Whether the n-th attempt must be made again. */
  fails?: (n: number) => boolean;
  pausedFrom?: number;
  pausedTo?: number;
}

interface Run {
  endMs: number;
  pages: number;
  /** What was needed, at each step of the fetching after the warm-up. */
  needs: number[];
  /** Share of the steps, after the warm-up, in which the target was loaded as far as it bears. */
  flatOut: number;
  mostInFlight: number;
}

function run(world: World): Run {
  const { bears, windowMs = HOUR, pausedFrom = Number.POSITIVE_INFINITY, pausedTo = 0 } = world;
  const pace = createPace({ windowMs, startedAtMs: 0, discovered: world.discovered, history: world.history });
  let found = world.discovered;
  let queued = found;
  let [settled, retries, attempts, nextStartMs, mostInFlight, steps, full] = [0, 0, 0, 0, 0, 0, 0];
  let inFlight: { endMs: number; ms: number }[] = [];
  const needs: number[] = [];
  let nowMs = 0;
  for (; settled < found && nowMs < 3 * windowMs; nowMs += STEP_MS) {
    const ended = inFlight.filter(({ endMs }) => endMs <= nowMs);
    inFlight = inFlight.filter(({ endMs }) => endMs > nowMs);
    for (const _ of ended) {
      attempts += 1;
      if (world.fails?.(attempts) === true) {
        retries += 1;
        queued += 1;
        continue;
      }
      settled += 1;
      const followed = world.follows?.(settled) ?? 0;
      found += followed;
      queued += followed;
    }
    pace.took(ended.map(({ ms }) => ms));
    pace.count({ found, settled, skipped: 0, retries });
    const { slots = bears, perSecond = Number.POSITIVE_INFINITY } = pace.need(nowMs);
    const limit = Math.min(bears, Math.ceil(slots));
    const isPaused = nowMs >= pausedFrom && nowMs < pausedTo;
    nextStartMs = Math.max(nextStartMs, nowMs - STEP_MS);
    while (!isPaused && queued > 0 && inFlight.length < limit && nextStartMs <= nowMs) {
      const ms = world.pageMs(nowMs);
      inFlight.push({ endMs: nowMs + ms, ms });
      queued -= 1;
      nextStartMs += 1_000 / perSecond;
    }
    mostInFlight = Math.max(mostInFlight, settled > 40 ? inFlight.length : 0);
    if (settled > 40 && queued > 0 && !isPaused) {
      steps += 1;
      if (inFlight.length === bears) full += 1;
      if (perSecond < Number.POSITIVE_INFINITY) needs.push(perSecond);
    }
  }
  return { endMs: nowMs, pages: settled, needs, flatOut: full / Math.max(1, steps), mostInFlight };
}

/** Of the last pages there are so few that each of them counts. */
function body(needs: readonly number[]): readonly number[] {
  return needs.slice(0, Math.floor(needs.length * 0.95));
}

/** Greatest against least: 1 is a straight line. */
function spread(needs: readonly number[]): number {
  return Math.max(...body(needs)) / Math.min(...body(needs));
}

/** How often it turned from asking for more to asking for less or back, by more than a twentieth. */
function swings(needs: readonly number[]): number {
  let [turns, direction, edge] = [0, 0, needs[0] ?? 0];
  for (const need of body(needs)) {
    const turned = need > edge * 1.05 ? 1 : need < edge / 1.05 ? -1 : 0;
    if (turned === 0) continue;
    if (direction !== 0 && turned !== direction) turns += 1;
    direction = turned;
    edge = need;
  }
  return turns;
}

describe('the formula', () => {
  test('pages in flight are the rate that is needed over that of one slot', () => {
    // 14,400 pages in an hour are 4 a second; with a page of one second that is 4 slots.
    expect(needed({ attempts: 14_400, timeLeftMs: HOUR, pageMs: 1_000 })).toEqual({ perSecond: 4, slots: 4 });
    expect(needed({ attempts: 360, timeLeftMs: HOUR, pageMs: 500 })).toEqual({ perSecond: 0.1, slots: 0.05 });
  });

  test('nothing is held back when the time is over, and of an unknown page time only the rate is known', () => {
    expect(needed({ attempts: 10, timeLeftMs: 0, pageMs: 1_000 })).toEqual({});
    expect(needed({ attempts: 10, timeLeftMs: -5, pageMs: undefined })).toEqual({});
    expect(needed({ attempts: 10, timeLeftMs: 10_000, pageMs: undefined })).toEqual({ perSecond: 1 });
  });
});

describe('what is known at the start', () => {
  const options = { windowMs: HOUR, startedAtMs: 0, discovered: 5_040 };

  test('without history the first pages are not held back; then the rest is spread over what is left', () => {
    const pace = createPace(options);
    expect(pace.need(0)).toEqual({});
    pace.count({ found: 5_040, settled: 19, skipped: 0, retries: 0 });
    expect(pace.need(10_000)).toEqual({});
    pace.took([1_000, 1_000]);
    pace.count({ found: 5_040, settled: 20, skipped: 0, retries: 0 });
    expect(pace.need(0)).toEqual({ perSecond: 1.99, slots: 2.49 });
  });

  test('with history it starts with what was needed then', () => {
    const history = { pages: 5_040, pageMs: 2_000, attemptsPerPage: 1.5 };
    expect(createPace({ ...options, history }).need(0)).toEqual({ perSecond: 3, slots: 7.5 });
  });

  test('pages that are skipped take no attempt and tell nothing', () => {
    const pace = createPace(options);
    pace.count({ found: 5_040, settled: 500, skipped: 490, retries: 0 });
    expect(pace.need(0)).toEqual({});
  });

  test('retries are expected to go on as they came', () => {
    const pace = createPace(options);
    pace.count({ found: 5_040, settled: 2_520, skipped: 0, retries: 1_260 });
    expect(pace.need(0).perSecond).toBeCloseTo(1.5, 1);
  });
});

describe('a batch under it', () => {
  const constant: World = { discovered: 3_600, bears: 8, pageMs: () => 1_000 };

  test('that would need 8 minutes takes its 42 of the hour, evenly, with few pages in flight', () => {
    const { endMs, needs, mostInFlight, flatOut } = run(constant);
    expect(endMs).toBeGreaterThan(0.65 * HOUR);
    expect(endMs).toBeLessThan(0.705 * HOUR);
    expect(mostInFlight).toBeLessThanOrEqual(2);
    expect(flatOut).toBe(0);
    expect(spread(needs)).toBeLessThan(1.1);
    expect(swings(needs)).toBe(0);
  });

  test('one page at a time would be too fast already: the starts are spread', () => {
    const { endMs, mostInFlight } = run({ ...constant, discovered: 300 });
    expect(endMs).toBeGreaterThan(0.65 * HOUR);
    expect(endMs).toBeLessThan(0.705 * HOUR);
    expect(mostInFlight).toBe(1);
  });

  test('against a target that gets three times slower in the middle: more in flight, the same end', () => {
    const pageMs = (atMs: number): number => (atMs > 0.3 * HOUR ? 3_000 : 1_000);
    const { endMs, mostInFlight, needs } = run({ ...constant, pageMs });
    expect(endMs).toBeLessThan(0.71 * HOUR);
    expect(mostInFlight).toBeGreaterThanOrEqual(4);
    expect(swings(needs)).toBeLessThanOrEqual(2);
  });

  test('with noisy pages and one attempt in ten in vain: still in time, still even', () => {
    const pageMs = (atMs: number): number => 300 + ((atMs / STEP_MS) % 7) * 400;
    const { endMs, needs } = run({ ...constant, pageMs, fails: (n) => n % 10 === 0 });
    expect(endMs).toBeGreaterThan(0.6 * HOUR);
    expect(endMs).toBeLessThan(0.71 * HOUR);
    expect(spread(needs)).toBeLessThan(1.2);
    expect(swings(needs)).toBeLessThanOrEqual(1);
  });

  test('with a pause of ten minutes in the middle: asked for more after it, and in time', () => {
    const { endMs, needs } = run({ ...constant, pausedFrom: 0.3 * HOUR, pausedTo: 0.3 * HOUR + 600_000 });
    expect(endMs).toBeGreaterThan(0.65 * HOUR);
    expect(endMs).toBeLessThan(0.71 * HOUR);
    expect(spread(needs)).toBeGreaterThan(1.4);
    expect(swings(needs)).toBe(0);
  });

  test('with a pause that eats the reserve: nothing is held back any more, and it is within the window', () => {
    const { endMs, flatOut } = run({ ...constant, pausedFrom: 0.3 * HOUR, pausedTo: 0.75 * HOUR });
    expect(endMs).toBeLessThan(0.9 * HOUR);
    expect(flatOut).toBeGreaterThan(0.1);
  });

  test('that cannot make it is never held back: as quick as the target bears, all along', () => {
    const { endMs, flatOut } = run({ ...constant, discovered: 36_000 });
    expect(flatOut).toBeGreaterThan(0.99);
    expect(endMs).toBeLessThan((36_000 / 8) * 1_000 * 1.02);
  });
});

describe('a frontier that grows by followed links', () => {
  const target: World = { discovered: 2_000, bears: 8, pageMs: () => 1_000 };

  test('a little and steadily: what is to come is counted in', () => {
    const { pages, endMs, needs } = run({ ...target, follows: (n) => (n % 4 === 0 ? 1 : 0) });
    expect(pages).toBeGreaterThan(2_600);
    expect(endMs).toBeGreaterThan(0.6 * HOUR);
    expect(endMs).toBeLessThan(0.71 * HOUR);
    expect(spread(needs)).toBeLessThan(1.15);
  });

  /** A list page, its 99 details, the next list page, … */
  const chain: World = { ...target, discovered: 1, follows: (n) => (n % 100 === 1 && n < 3_000 ? 100 : 0) };

  test('a chain of list pages, never seen before: nothing can be told, nothing is held back', () => {
    const { pages, flatOut, endMs } = run(chain);
    expect(pages).toBe(3_001);
    expect(flatOut).toBeGreaterThan(0.9);
    expect(endMs).toBeLessThan(0.15 * HOUR);
  });

  test('the same on the second night: paced from the first page on', () => {
    const history = { pages: 2_950, pageMs: 1_000, attemptsPerPage: 1 };
    const { pages, endMs, needs, flatOut } = run({ ...chain, history });
    expect(pages).toBe(3_001);
    expect(flatOut).toBe(0);
    expect(endMs).toBeGreaterThan(0.6 * HOUR);
    expect(endMs).toBeLessThan(0.75 * HOUR);
    expect(spread(needs)).toBeLessThan(1.3);
  });

  test('a site that turned out twice as large as last night is not crawled at: history no longer counts', () => {
    const history = { pages: 1_500, pageMs: 1_000, attemptsPerPage: 1 };
    expect(run({ ...chain, history }).endMs).toBeLessThan(0.8 * HOUR);
  });

  test('list pages first, known from last night: the details are spread over the window', () => {
    const lists: World = { ...target, discovered: 100, follows: (n) => (n <= 100 ? 30 : 0) };
    const { endMs, needs } = run({ ...lists, history: { pages: 3_000, pageMs: 1_000 } });
    expect(endMs).toBeGreaterThan(0.6 * HOUR);
    expect(endMs).toBeLessThan(0.71 * HOUR);
    expect(swings(needs)).toBe(0);
  });
});
