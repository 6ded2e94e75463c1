import { expect, test } from 'vitest';
import { slopeOf } from '../../bench/memory/slope.mjs';

/** The same each time. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31 - 0.5;
  };
}

const samples = (count: number, y: (x: number) => number) =>
  Array.from({ length: count }, (_, at) => ({ x: at * 100, y: y(at * 100) }));

test('a line is found as it is', () => {
  const { slope, low, high } = slopeOf(samples(100, (x) => 7 + 3 * x));
  for (const value of [slope, low, high]) expect(value).toBeCloseTo(3, 6);
});

test('what only wavers cannot be told from zero, what grows beneath it can', () => {
  let wrong = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const next = noise(seed);
    const flat = slopeOf(samples(200, () => 1_000 + 50 * next()));
    if (flat.low > 0 || flat.high < 0) wrong += 1;
    const grows = slopeOf(samples(200, (x) => 1_000 + 0.01 * x + 50 * next()));
    expect(grows.low).toBeGreaterThan(0);
    expect(grows.slope).toBeCloseTo(0.01, 2);
  }
  expect(wrong).toBeLessThan(8); // one in twenty is to be expected
});

test('too few samples are refused', () => {
  expect(() => slopeOf(samples(5, (x) => x))).toThrow(/too few/);
});
