import { expect, test } from 'vitest';
import { createProjection } from '../../../src/telemetry/projection.js';

const HOUR = 3_600_000;

/** Looks every second at a batch that settles `perSecond(second)` pages. */
function watch(
  seconds: number,
  {
    pages = 3_600,
    hasWindow = true,
    perSecond,
    asks,
    pausedFrom = Number.POSITIVE_INFINITY,
    pausedTo = 0,
  }: {
    pages?: number;
    hasWindow?: boolean;
    perSecond: (second: number) => number;
    /** Pages a second that the pace asks for. */
    asks?: (second: number) => number;
    pausedFrom?: number;
    pausedTo?: number;
  },
) {
  let nowMs = 0;
  let settled = 0;
  const projection = createProjection({
    now: () => nowMs,
    startedAtMs: 0,
    windowMs: hasWindow ? HOUR : undefined,
  });
  let seen = {} as ReturnType<typeof projection.look>;
  for (let second = 0; second <= seconds; second++) {
    nowMs = second * 1_000;
    const paused = second >= pausedFrom && second < pausedTo;
    seen = projection.look({
      settled: Math.floor(settled),
      left: pages - Math.floor(settled),
      attempts: Math.floor(settled),
      paced: asks === undefined ? undefined : { perSecond: asks(second), endsAtMs: 0.7 * HOUR },
      paused,
    });
    if (!paused) settled += perSecond(second);
  }
  return seen;
}

test('unpaced: what is left at the rate of late', () => {
  const { etaMs, margin, isPaced } = watch(600, { perSecond: () => 2 });
  expect(isPaced).toBe(false);
  expect(etaMs).toBeCloseTo(1_200_000, -5);
  expect(margin).toBeCloseTo(0.5, 1);
});

test('paced and keeping up: the end of the pace, however slow and however early', () => {
  for (const seconds of [30, 900, 2_000]) {
    const { etaMs, margin, isPaced } = watch(seconds, { perSecond: () => 1.43, asks: () => 1.43 });
    expect(isPaced).toBe(true);
    expect(etaMs).toBe(0.7 * HOUR - seconds * 1_000);
    expect(margin).toBeCloseTo(0.3, 5);
  }
});

test('a page every half minute is no noise', () => {
  const one = (second: number): number => (second % 30 === 0 ? 1 : 0);
  const { margin } = watch(1_200, { pages: 120, perSecond: one, asks: () => 1 / 30 });
  expect(margin).toBeCloseTo(0.3, 5);
});

test('asked for more than it can: what it can counts', () => {
  const { etaMs, margin, isPaced } = watch(900, { perSecond: () => 0.5, asks: () => 2 });
  expect(isPaced).toBe(false);
  expect(etaMs).toBeCloseTo((3_600 - 450) * 2_000, -6);
  expect(margin).toBeLessThan(0);
});

test('a pause says nothing of how fast it is; time goes by all the same', () => {
  const seen = watch(2_000, { perSecond: () => 2, pausedFrom: 600, pausedTo: 1_900 });
  expect(seen.etaMs).toBeCloseTo((3_600 - 1_400) * 500, -5);
  const still = watch(1_800, { perSecond: () => 2, pausedFrom: 600, pausedTo: 1_900 });
  expect(still.etaMs).toBeCloseTo((3_600 - 1_200) * 500, -5);
});

test('while nothing moves it is as it went on the whole; before anything moved nothing is said', () => {
  const stalled = watch(1_200, { perSecond: (second) => (second < 600 ? 2 : 0) });
  expect(stalled.etaMs).toBeCloseTo(2_400_000, -5);
  expect(watch(60, { perSecond: () => 0 })).toEqual({ isPaced: false });
});

test('without an SLA there is an end and no margin; with nothing left it is now', () => {
  expect(watch(600, { perSecond: () => 2, hasWindow: false })).not.toHaveProperty('margin');
  expect(watch(600, { perSecond: () => 10, pages: 3_000 }).etaMs).toBe(0);
});
