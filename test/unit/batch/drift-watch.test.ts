import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDriftWatch, type DriftCounts } from '../../../src/batch/drift-watch.js';

const NONE: DriftCounts = { completed: 0, dead: 0, rows: 0, quarantined: 0, empty: 0 };
type Page = 'good' | 'refused' | 'empty' | 'dead';

/** A batch whose pages go by in ticks of `atOnce`; each look's answer is noted with the page it came after. */
function batch(maxQuarantined = 0.05, atOnce = 1) {
  const watch = createDriftWatch({ maxQuarantined });
  const counts = { ...NONE };
  watch.look(counts);
  return {
    watch,
    counts,
    /** The number of pages after which it was to be paused; undefined when it never was. */
    see(pages: readonly Page[]): { after: number; reason: string } | undefined {
      for (const [at, page] of pages.entries()) {
        counts[page === 'dead' ? 'dead' : 'completed'] += 1;
        if (page === 'good') counts.rows += 1;
        else if (page === 'refused') counts.quarantined += 1;
        else if (page === 'empty') counts.empty += 1;
        const reason = (at + 1) % atOnce === 0 ? watch.look(counts) : undefined;
        if (reason !== undefined) return { after: at + 1, reason };
      }
      return undefined;
    },
  };
}

const pages = (count: number, kind: Page): Page[] => Array.from({ length: count }, () => kind);
/** `bad` of every ten. */
const mixed = (count: number, bad: number, kind: Page): Page[] =>
  Array.from({ length: count }, (_, at) => (at % 10 < bad ? kind : 'good'));

describe('a site that has changed', () => {
  test.each<[Page, RegExp]>([
    [
      'refused',
      /^the site seems to have changed: the schema refused 100 of the last 100 rows \(100 %; up to 30 % is/,
    ],
    ['empty', /^the site seems to have changed: 100 of the last 100 completed pages gave no row \(100 %;/],
    [
      'dead',
      /^the site seems to have changed: 100 of the last 100 pages were given up \(100 %; up to 30 % is/,
    ],
  ])('before the batch: all %s, after a hundred pages', (kind, words) => {
    const found = batch().see(pages(1_000, kind));
    expect(found?.after).toBe(100);
    expect(found?.reason).toMatch(words);
  });

  test('in the middle of a long batch: within a window of 300 pages', () => {
    const one = batch();
    expect(one.see(pages(50_000, 'good'))).toBeUndefined();
    expect(one.see(pages(1_000, 'refused'))?.after).toBeLessThanOrEqual(92);
    expect(one.see(pages(1, 'good'))?.after).toBe(1);
  });

  test('however the ticks fall', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(3_000), (atOnce, healthy) => {
        const one = batch(0.05, atOnce);
        expect(one.see(pages(healthy, 'good'))).toBeUndefined();
        const after = one.see(pages(2_000, 'empty'))?.after ?? Number.POSITIVE_INFINITY;
        return after <= 100 + 2 * atOnce;
      }),
    );
  });
});

describe('no drift', () => {
  test('what the gate would let pass never pauses, in whatever order it comes over a window', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 0.05, 0.1, 0.3, 0.5, 0.9), (maxQuarantined) => {
        const bad = Math.floor(maxQuarantined * 10);
        return batch(maxQuarantined).see(mixed(2_000, bad, 'refused')) === undefined;
      }),
    );
  });

  test('three in ten are borne by default, four are not', () => {
    expect(batch().see(mixed(2_000, 3, 'refused').reverse())).toBeUndefined();
    expect(batch().see(mixed(2_000, 4, 'refused'))).toBeDefined();
    expect(batch(1).see(pages(2_000, 'refused'))).toBeUndefined();
  });

  test('some dead pages are for the gate to judge', () => {
    expect(batch().see(mixed(2_000, 3, 'dead').reverse())).toBeUndefined();
    expect(batch().see(mixed(2_000, 4, 'dead'))).toBeDefined();
  });

  test('a few rows on many pages that only lead on say nothing', () => {
    const watch = createDriftWatch({ maxQuarantined: 0.05 });
    watch.look(NONE);
    expect(watch.look({ completed: 200, dead: 0, rows: 10, quarantined: 60, empty: 0 })).toBeUndefined();
    expect(watch.look({ completed: 200, dead: 0, rows: 10, quarantined: 60, empty: 190 })).toBeDefined();
  });
});

test('after a restart the window fills anew', () => {
  const one = batch();
  expect(one.see(pages(1_000, 'refused'))?.after).toBe(100);
  one.watch.restart();
  one.watch.look(one.counts);
  expect(one.see(pages(1_000, 'refused'))?.after).toBe(100);
});

test('counters that begin again, after Redis was lost, are no drift', () => {
  const watch = createDriftWatch({ maxQuarantined: 0.05 });
  watch.look({ completed: 5_000, dead: 0, rows: 5_000, quarantined: 0, empty: 0 });
  expect(watch.look({ completed: 150, dead: 0, rows: 60, quarantined: 90, empty: 0 })).toBeUndefined();
  expect(watch.look({ completed: 300, dead: 0, rows: 210, quarantined: 90, empty: 0 })).toBeUndefined();
  expect(watch.look({ completed: 450, dead: 0, rows: 210, quarantined: 240, empty: 0 })).toBeDefined();
});
