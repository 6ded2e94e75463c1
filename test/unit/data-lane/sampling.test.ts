import { expect, it } from 'vitest';
import { sampledEvery } from '../../../src/data-lane/sampling.js';

/** Pages until so many samples are good, on average. */
const pagesUntil = (samples: number): number =>
  Array.from({ length: samples }, (_, good) => sampledEvery(good, { odd: false })).reduce(
    (sum, every) => sum + every,
    0,
  );

it('is often at first, ever more seldom, and never over', () => {
  expect(sampledEvery(0, { odd: false })).toBe(10);
  expect(pagesUntil(12)).toBeLessThan(2_700);
  expect(sampledEvery(10_000, { odd: false })).toBe(1_000);
  expect([0, 1, 5, 60].map((good) => sampledEvery(good, { odd: true }))).toEqual([1, 2, 32, 50]);
});

it('leaves 20,000 pages with less than forty samples', () => {
  let pages = 0;
  let good = 0;
  while (pages < 20_000) pages += sampledEvery(good++, { odd: false });
  expect(good).toBeLessThan(40);
});
