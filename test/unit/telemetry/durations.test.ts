import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createDurations, type Durations } from '../../../src/telemetry/durations.js';

function of(values: readonly number[]): Durations {
  const durations = createDurations();
  for (const ms of values) durations.record(ms);
  return durations;
}

const ms = fc.integer({ min: 1, max: 7_000_000 });
const some = fc.array(ms, { minLength: 1, maxLength: 200 });

test('quantiles and mean are those of the values, to within a hundredth', () => {
  fc.assert(
    fc.property(some, fc.constantFrom(0.5, 0.9, 0.99, 1), (values, share) => {
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
      const durations = of(values);
      expect(Math.abs(durations.quantile(share) - exact)).toBeLessThanOrEqual(Math.max(1, exact * 0.01));
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.abs(durations.mean() - mean)).toBeLessThanOrEqual(Math.max(1, mean * 0.01));
    }),
  );
});

test('parts merge to what all of them together give, by way of their text', () => {
  fc.assert(
    fc.property(some, some, (one, other) => {
      const merged = createDurations();
      expect([of(one), of(other)].every((part) => merged.merge(part.encode()))).toBe(true);
      const all = of([...one, ...other]);
      expect(merged.count).toBe(all.count);
      for (const share of [0.5, 0.99]) expect(merged.quantile(share)).toBe(all.quantile(share));
    }),
    { numRuns: 30 },
  );
});

test('an empty one says 0, merges and is kept', () => {
  const empty = createDurations();
  expect([empty.count, empty.mean(), empty.quantile(0.99)]).toEqual([0, 0, 0]);
  const merged = of([500]);
  expect(merged.merge(empty.encode())).toBe(true);
  expect([merged.count, merged.quantile(0.5)]).toEqual([1, 501]);
});

test('what cannot be is put in its bounds or left out', () => {
  const durations = of([-5, 0.2, Number.NaN, Number.POSITIVE_INFINITY, 1e12]);
  expect(durations.count).toBe(4);
  expect(durations.quantile(0.5)).toBe(1);
  expect(durations.quantile(1)).toBeGreaterThan(7_100_000);
});

test('a million of them take a few KB of text', () => {
  const durations = createDurations();
  for (let n = 0; n < 1_000_000; n++) durations.record(200 + ((n * 7_919) % 30_011));
  expect(durations.encode().length).toBeLessThan(3_000);
});

test.each([undefined, null, 7, '', 'nonsense', 'HISTFAAA', 'A'.repeat(100_000), '{}'])(
  '%s is none',
  (text) => {
    const durations = of([500]);
    expect(durations.merge(text)).toBe(false);
    expect(durations.count).toBe(1);
  },
);
