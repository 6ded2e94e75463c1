import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PageSample } from '../../../src/throttle/page-sample.js';
import { createThrottle, type LearnedThrottle, type Throttle } from '../../../src/throttle/throttle.js';
import { runFarm } from '../../sim/farm.js';
import { ourLaw } from '../../sim/laws.js';
import { downTarget, kneeTarget } from '../../sim/targets.js';

const T0 = Date.UTC(2026, 0, 5, 1);
const learned: LearnedThrottle = {
  version: 1,
  atMs: T0 - 86_400_000,
  limit: 8,
  pagesPerSecond: 100,
  hours: { '1': { '/document': 50 } },
};

function sample(page: number, endedAtMs: number, more: Partial<PageSample> = {}): PageSample {
  return {
    page,
    label: '',
    startedAtMs: endedAtMs - 50,
    endedAtMs,
    documentMs: 50,
    dataMs: [],
    answer: 'served',
    ...more,
  };
}

function known(): Throttle {
  return createThrottle({ maxConcurrency: 64, learned, nowMs: T0 });
}

test('refusals of pages that were in flight together cut the limit once, and the longest Retry-After is kept', () => {
  const throttle = known();
  const refusals = [1_000, 30_000, 5_000].map((retryAfterMs, page) =>
    sample(page, T0 + 100, { answer: 'refused', retryAfterMs }),
  );
  const cut = throttle.take(refusals, { nowMs: T0 + 200, inFlight: 8 });
  expect(cut).toMatchObject({ limit: 5, pausedUntilMs: T0 + 30_100, why: 'refused' });
  const late = sample(9, T0 + 300, { startedAtMs: T0 + 150, answer: 'refused', retryAfterMs: 60_000 });
  expect(throttle.take([late], { nowMs: T0 + 400, inFlight: 0 })).toMatchObject({
    limit: 5,
    pausedUntilMs: T0 + 60_300,
  });
  const anew = sample(10, T0 + 61_000, { answer: 'refused', retryAfterMs: 1_000 });
  expect(throttle.take([anew], { nowMs: T0 + 61_100, inFlight: 1 }).limit).toBe(3);
});

test('a refusal that asks for nothing pauses nevertheless, longer each time', () => {
  const throttle = known();
  const pauses = [1, 2, 3].map((page) => {
    const nowMs = T0 + page * 60_000;
    return (
      throttle.take([sample(page, nowMs, { answer: 'refused' })], { nowMs, inFlight: 4 }).pausedUntilMs -
      nowMs
    );
  });
  expect(pauses).toEqual([1_000, 2_000, 4_000]);
});

test('one page that fails or is blocked again and again is none; several are an overload', () => {
  for (const answer of ['failed', 'blocked'] as const) {
    const throttle = known();
    let nowMs = T0;
    const pass = (samples: PageSample[]) => {
      nowMs += 200;
      return throttle.take(samples, { nowMs, inFlight: 4 });
    };
    const four = (...pages: number[]) => pages.map((page) => sample(page, nowMs + 100));
    for (let i = 0; i < 20; i += 1) {
      pass([
        ...four(i * 4, i * 4 + 1, i * 4 + 2),
        ...(i % 4 === 0 ? [sample(7, nowMs + 100, { answer })] : []),
      ]);
    }
    expect(pass([]).limit, answer).toBeGreaterThanOrEqual(8);
    const before = pass([]).limit;
    const bad = [901, 902, 903, 904].map((page) => sample(page, nowMs + 100, { answer }));
    const after = pass([...four(905), ...bad]);
    expect(after.limit, answer).toBeLessThanOrEqual(before / 2 + 1);
    if (answer === 'blocked') expect(after.why).toBe('blocked');
  }
});

test('five pages in a row without an answer open the circuit; probes grow rarer; a served one closes it', () => {
  const throttle = known();
  const fail = (page: number, endedAtMs: number, more: Partial<PageSample> = {}) =>
    sample(page, endedAtMs, { answer: 'failed', ...more });
  const four = [1, 2, 3, 4, 4].map((page) => fail(page, T0 + 100));
  expect(throttle.take(four, { nowMs: T0 + 200, inFlight: 8 }).circuit).toBe('closed');
  const open = throttle.take([fail(5, T0 + 300)], { nowMs: T0 + 400, inFlight: 8 });
  expect(open).toMatchObject({ circuit: 'open', limit: 1, why: 'down', retriesPerSecond: 0.2 });
  // What was in flight when it opened fails as well, and says nothing new.
  const still = throttle.take([fail(6, T0 + 500)], { nowMs: T0 + 600, inFlight: 0 });
  expect(still.pausedUntilMs).toBe(open.pausedUntilMs);
  let probe = still;
  const gaps: number[] = [];
  for (let i = 0; i < 6; i += 1) {
    const endedAtMs = probe.pausedUntilMs + 100;
    probe = throttle.take([fail(7, endedAtMs)], { nowMs: endedAtMs, inFlight: 0 });
    gaps.push(Math.round((probe.pausedUntilMs - endedAtMs) / 1_000));
  }
  expect(gaps[0]).toBeGreaterThanOrEqual(3);
  expect(gaps.every((gap, i) => gap >= (gaps[i - 1] ?? 0) * 0.8 && gap <= 33)).toBe(true);
  const asked = probe.pausedUntilMs + 100;
  const patient = throttle.take([fail(7, asked, { retryAfterMs: 90_000 })], { nowMs: asked, inFlight: 0 });
  expect(patient.pausedUntilMs).toBeGreaterThanOrEqual(asked + 90_000);
  const up = patient.pausedUntilMs + 100;
  const closed = throttle.take([sample(8, up)], { nowMs: up, inFlight: 0 });
  expect(closed).toMatchObject({ circuit: 'closed', pausedUntilMs: 0 });
  expect(closed.limit).toBeLessThanOrEqual(4);
});

test('a target that is down for three minutes is probed a dozen times, and is at its knee again within 35 s', () => {
  const target = downTarget([30_000, 210_000], kneeTarget({ refusesOver: 1_000 }));
  const { ticks } = runFarm({ target, pages: 1_000_000, untilMs: 300_000, law: ourLaw(), localMs: [20, 40] });
  const failedWhileOpen = ticks.filter(({ why }) => why === 'down').length;
  expect(failedWhileOpen).toBeGreaterThan(800);
  expect(ticks.find(({ atMs, limit }) => atMs > 212_000 && limit >= 4)?.atMs).toBeLessThan(245_000);
});

test('retries are at most a quarter of what is served, at least one a second', () => {
  const throttle = known();
  expect(throttle.take([], { nowMs: T0 + 200, inFlight: 0 }).retriesPerSecond).toBe(1);
  let last = 0;
  for (let i = 1; i <= 100; i += 1) {
    const nowMs = T0 + i * 200;
    const served = Array.from({ length: 8 }, (_, k) => sample(i * 8 + k, nowMs - 10));
    last = throttle.take(served, { nowMs, inFlight: 8 }).retriesPerSecond;
  }
  expect(last).toBeGreaterThan(9);
  expect(last).toBeLessThan(11);
});

test('what was learned is a start; what is old is a careful one; what is garbage is none', () => {
  const limitOf = (value: unknown, maxConcurrency = 64) =>
    createThrottle({ maxConcurrency, learned: value as LearnedThrottle, nowMs: T0 }).take([], {
      nowMs: T0,
      inFlight: 0,
    }).limit;
  expect(limitOf(learned)).toBe(8);
  expect(limitOf(learned, 5)).toBe(5);
  expect(limitOf({ ...learned, atMs: T0 - 15 * 86_400_000 })).toBe(2);
  expect(limitOf(undefined)).toBe(2);
  expect(limitOf(undefined, 1)).toBe(1);
  for (const garbage of [null, 7, 'x', [], {}, { ...learned, version: 2 }, { ...learned, limit: 'many' }]) {
    expect(limitOf(garbage)).toBe(2);
  }
  expect(limitOf({ ...learned, hours: { '1': { a: -1, b: 'x' }, '99': 3, '2': null } })).toBe(8);
  expect(JSON.parse(JSON.stringify(known().learned(T0)))).toEqual(known().learned(T0));
});

test('an hour that was slow on earlier nights is no slowdown', () => {
  const slow = (nowMs: number) => (nowMs < 60_000 ? 1 : 4);
  const from = (hours: LearnedThrottle['hours']) =>
    runFarm({
      target: kneeTarget({ refusesOver: 1_000, slow }),
      pages: 1_000_000,
      untilMs: 120_000,
      law: ourLaw(64, { ...learned, limit: 4, hours }),
    }).ticks.at(-1)?.limit;
  expect(from({ '1': { '/document': 50 } })).toBe(1);
  expect(from({ '1': { '/document': 50 }, '2': { '/document': 200 } })).toBeGreaterThanOrEqual(4);
});

const anySample = fc.record(
  {
    page: fc.integer(),
    label: fc.constantFrom('', 'a', '__proto__'),
    startedAtMs: fc.oneof(fc.integer({ min: T0 - 1e6, max: T0 + 1e6 }), fc.double()),
    endedAtMs: fc.integer({ min: T0 - 1e6, max: T0 + 1e6 }),
    documentMs: fc.double(),
    dataMs: fc.array(fc.double(), { maxLength: 30 }),
    answer: fc.constantFrom('served', 'refused', 'blocked', 'failed', 'unknown'),
    retryAfterMs: fc.double(),
  },
  { requiredKeys: ['page', 'label', 'startedAtMs', 'endedAtMs', 'dataMs', 'answer'] },
) as fc.Arbitrary<PageSample>;

test('whatever comes, every decision can be applied, and no page may start sooner than was asked', () => {
  const step = fc.record({
    samples: fc.array(anySample, { maxLength: 30 }),
    inFlight: fc.oneof(fc.nat(100), fc.constant(Number.NaN)),
    passedMs: fc.integer({ min: 0, max: 100_000 }),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: -1, max: 40 }),
      fc.array(step, { maxLength: 40 }),
      (maxConcurrency, steps) => {
        const throttle = createThrottle({ maxConcurrency, nowMs: T0 });
        let nowMs = T0;
        let asked = 0;
        for (const { samples, inFlight, passedMs } of steps) {
          nowMs += passedMs;
          const decision = throttle.take(samples, { nowMs, inFlight });
          for (const { answer, retryAfterMs, endedAtMs } of samples) {
            if (['served', 'unknown'].includes(answer) || !Number.isFinite(retryAfterMs)) continue;
            if ((retryAfterMs ?? -1) >= 0) asked = Math.max(asked, endedAtMs + (retryAfterMs ?? 0));
          }
          expect(Number.isInteger(decision.limit)).toBe(true);
          expect(decision.limit).toBeGreaterThanOrEqual(1);
          expect(decision.limit).toBeLessThanOrEqual(Math.max(1, maxConcurrency));
          expect(decision.pausedUntilMs).toBeGreaterThanOrEqual(asked > nowMs ? asked : 0);
          if (decision.perSecond !== undefined) expect(decision.perSecond).toBeGreaterThan(0);
          expect(decision.perSecond).not.toBeNaN();
          expect(decision.retriesPerSecond).toBeGreaterThan(0);
        }
        const json = JSON.stringify(throttle.learned(nowMs));
        expect(json).not.toContain('null');
        createThrottle({ maxConcurrency: 8, learned: JSON.parse(json), nowMs }).take([], {
          nowMs,
          inFlight: 0,
        });
      },
    ),
    { numRuns: 150 },
  );
});
