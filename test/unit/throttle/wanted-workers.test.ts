import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SLOT_SLACK } from '../../../src/throttle/pace.js';
import { planNight } from '../../../src/throttle/plan.js';
import { type OpenBatch, type TargetLoad, wantedWorkers } from '../../../src/throttle/wanted-workers.js';

const NOW = Date.parse('2026-03-01T02:00:00Z');
const HOUR = 3_600_000;

const load = (more: Partial<TargetLoad> = {}): TargetLoad => ({
  ...{ target: 'shop', waiting: 600, active: 6, batches: [], isDue: false, bears: 100, slotsAWorker: 6 },
  ...more,
});
/** 36,000 attempts of one second in an hour: ten in flight without the slack, 12.5 with it. */
const paced = (more: Partial<OpenBatch['fetching']> = {}): OpenBatch => ({
  fetching: {
    left: 36_000,
    outlook: { attempts: 36_000, pageMs: 1_000, endsAtMs: NOW + HOUR },
    ...more,
  },
});
const flatOut = (left: number): OpenBatch => ({ fetching: { left } });
const want = (...loads: TargetLoad[]) => wantedWorkers(loads, NOW);

describe('a target', () => {
  test('without anything to do wants nobody, whatever lies in its queue', () => {
    expect(want()).toEqual({ workers: 0, targets: [] });
    expect(want(load())).toMatchObject({ workers: 0, targets: [{ need: 0, pagesAtOnce: 0, why: 'idle' }] });
  });

  test('has as many pages in flight as its window needs', () => {
    expect(want(load({ batches: [paced()] }))).toEqual({
      workers: 3,
      targets: [
        {
          ...{ target: 'shop', waiting: 600, active: 6 },
          ...{ pagesAtOnce: 13, slotsAWorker: 6, need: 3, why: 'window' },
        },
      ],
    });
  });

  test('wants more the less time is left, and all that is borne when there is none', () => {
    const at = (nowMs: number) => wantedWorkers([load({ batches: [paced()] })], nowMs).targets[0];
    expect(at(NOW + HOUR / 2)).toMatchObject({ pagesAtOnce: 25, need: 5, why: 'window' });
    expect(at(NOW + HOUR)).toMatchObject({ pagesAtOnce: 100, need: 17, why: 'target' });
  });

  test('never has more in flight than it bears', () => {
    expect(want(load({ bears: 8, batches: [paced()] }))).toMatchObject({
      targets: [{ pagesAtOnce: 8, need: 2, why: 'target' }],
    });
    expect(want(load({ batches: [flatOut(36_000)] }))).toMatchObject({
      targets: [{ pagesAtOnce: 100, need: 17, why: 'target' }],
    });
  });

  test('that bears few page starts a second keeps few pages in flight, whatever its limit', () => {
    const slow = load({ perSecond: 2, batches: [{ fetching: { left: 9_000, pageMs: 3_000 } }] });
    expect(want(slow)).toMatchObject({ workers: 2, targets: [{ pagesAtOnce: 8, why: 'target' }] });
    expect(want(load({ perSecond: 2, batches: [flatOut(9_000)] }))).toMatchObject({ workers: 17 });
  });

  test('of which nobody knows what it bears gets one worker to find out', () => {
    const { bears: _, ...unknown } = load({ batches: [flatOut(9_000)] });
    expect(want(unknown)).toMatchObject({ workers: 1, targets: [{ pagesAtOnce: 6, why: 'target' }] });
  });

  test('has no more in flight than are left', () => {
    expect(want(load({ batches: [flatOut(7)] }))).toMatchObject({
      targets: [{ pagesAtOnce: 7, need: 2, why: 'pages' }],
    });
    expect(want(load({ batches: [flatOut(0)] }))).toMatchObject({ workers: 1, targets: [{ need: 1 }] });
  });

  test('with several batches adds their needs up; one that takes what it gets makes it all that is borne', () => {
    expect(want(load({ batches: [paced(), paced()] }))).toMatchObject({ targets: [{ pagesAtOnce: 25 }] });
    expect(want(load({ batches: [paced(), flatOut(5_000)] }))).toMatchObject({
      targets: [{ pagesAtOnce: 100, why: 'target' }],
    });
  });

  test('whose batch renders nothing, or whose night is due, wants somebody there', () => {
    expect(want(load({ batches: [{}] }))).toMatchObject({
      workers: 1,
      targets: [{ need: 1, why: 'carried' }],
    });
    expect(want(load({ isDue: true }))).toMatchObject({ workers: 1, targets: [{ need: 1, why: 'night' }] });
  });
});

describe('a farm', () => {
  test('shares its workers among targets: parts of them add up', () => {
    const small = (target: string) => load({ target, batches: [flatOut(3)] });
    expect(want(small('a'), small('b'))).toMatchObject({ workers: 1, targets: [{ need: 1 }, { need: 1 }] });
    expect(want(small('a'), small('b'), small('c'))).toMatchObject({ workers: 2 });
  });

  test('has nobody the more for what is only carried', () => {
    expect(want(load({ batches: [paced()] }), load({ target: 'b', batches: [{}] }))).toMatchObject({
      workers: 3,
    });
  });

  test('is as large as the plan says, but for what a slot is not at work', () => {
    const night = { pages: 36_000, windowMs: HOUR / 0.7, paced: true };
    const known = { pageMs: 1_000, attemptsPerPage: 1, limit: 100, perSecond: undefined, otherMs: 0 };
    const { slots } = planNight(night, { ...known, pagesPerWorker: 6 });
    expect(want(load({ batches: [paced()] })).targets[0]?.pagesAtOnce).toBe(Math.ceil(slots * SLOT_SLACK));
  });

  test('never has slots that no target can use, nor fewer than they all can', () => {
    const batch = fc.option(
      fc.record({
        left: fc.nat(100_000),
        attempts: fc.nat(200_000),
        minutes: fc.integer({ min: -5, max: 300 }),
      }),
      { nil: undefined },
    );
    const some = fc.record({
      bears: fc.integer({ min: 1, max: 500 }),
      slotsAWorker: fc.integer({ min: 1, max: 48 }),
      batches: fc.array(batch, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 6 }), (farm) => {
        const loads = farm.map(({ batches, ...more }, at) =>
          load({
            target: `t${at}`,
            ...more,
            batches: batches.map((one) =>
              one === undefined
                ? {}
                : paced({
                    left: one.left,
                    outlook: { attempts: one.attempts, pageMs: 700, endsAtMs: NOW + one.minutes * 60_000 },
                  }),
            ),
          }),
        );
        const { workers, targets } = wantedWorkers(loads, NOW);
        for (const [at, { pagesAtOnce, need, slotsAWorker }] of targets.entries()) {
          expect(pagesAtOnce).toBeLessThanOrEqual(loads[at]?.bears ?? 0);
          expect(need * slotsAWorker).toBeGreaterThanOrEqual(pagesAtOnce);
          expect((need - 1) * slotsAWorker).toBeLessThan(Math.max(1, pagesAtOnce));
        }
        expect(workers).toBeLessThanOrEqual(targets.reduce((total, { need }) => total + need, 0));
        expect(workers === 0).toBe(loads.every(({ batches }) => batches.length === 0));
      }),
    );
  });
});
