import { describe, expect, test } from 'vitest';
import { type Assumptions, type Night, planNight, sensitivities } from '../../../src/throttle/plan.js';

const HOUR = 3_600_000;
const known: Assumptions = {
  pageMs: 1_000,
  attemptsPerPage: 1,
  limit: 4,
  perSecond: undefined,
  pagesPerWorker: 2,
  otherMs: 0,
};

describe('a night', () => {
  test('that is paced: as many slots as are needed, workers for them, the reserve as its margin', () => {
    const plan = planNight({ pages: 7_560, windowMs: HOUR, paced: true }, known);
    expect(plan).toMatchObject({ feasible: true, workers: 2, timeMs: 0.7 * HOUR, flatOutMs: 1_890_000 });
    expect(plan.slots).toBeCloseTo(3, 9);
    expect(plan.margin).toBeCloseTo(0.3, 9);
  });

  test('that is not paced is over when its workers are done', () => {
    const plan = planNight({ pages: 1_000, windowMs: HOUR, paced: false }, known);
    expect(plan).toMatchObject({ workers: 1, timeMs: 500_000 });
  });

  test('that eats into the reserve takes all that the target bears', () => {
    const plan = planNight({ pages: 13_000, windowMs: HOUR, paced: true }, known);
    expect(plan).toMatchObject({ feasible: true, workers: 2, timeMs: 3_250_000 });
    expect(plan.margin).toBeCloseTo(0.097, 3);
  });

  test('that cannot be: what can, and what window would do', () => {
    const plan = planNight({ pages: 50_000, windowMs: HOUR, paced: true }, known);
    expect(plan).toMatchObject({ feasible: false, pagesInWindow: 14_400, leastWindowMs: 12_500_000 });
    expect(plan.safeWindowMs).toBeCloseTo(12_500_000 / 0.7);
  });

  test('retries, the other steps and a bearable rate count', () => {
    const night: Night = { pages: 3_600, windowMs: HOUR, paced: false };
    expect(planNight(night, { ...known, attemptsPerPage: 1.5 }).leastWindowMs).toBe(1_350_000);
    expect(planNight(night, { ...known, otherMs: 60_000 }).leastWindowMs).toBe(960_000);
    expect(planNight(night, { ...known, perSecond: 1 })).toMatchObject({
      leastWindowMs: HOUR,
      pagesInWindow: 3_600,
    });
  });
});

test('the assumption that costs most comes first, and says whether more workers would mend it', () => {
  const night: Night = { pages: 7_560, windowMs: HOUR, paced: true };
  const plan = planNight(night, known);
  const found = sensitivities(night, plan, [
    { name: 'retries', assumptions: { ...known, attemptsPerPage: 1.1 } },
    { name: 'page time', assumptions: { ...known, pageMs: 3_000 } },
    { name: 'worker', assumptions: { ...known, pagesPerWorker: 1 } },
  ]);
  expect(found.map(({ name }) => name)).toEqual(['page time', 'worker', 'retries']);
  expect(found[0]).toMatchObject({ workers: undefined, flatOutMs: 5_670_000 });
  expect(found[0]?.margin).toBeLessThan(0);
  expect(found[1]).toMatchObject({ workers: 3 });
});
