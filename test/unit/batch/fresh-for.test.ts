import { afterEach, expect, test, vi } from 'vitest';
import { freshFor } from '../../../src/batch/fresh-for.js';

afterEach(() => {
  vi.useRealTimers();
});

test('one reading serves all who ask within its time, and is made anew after it or after a failure', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  let read = 0;
  const now = freshFor(100, async () => {
    read += 1;
    if (read === 3) throw new Error('away');
    return read;
  });
  expect(await Promise.all([now(), now()])).toEqual([1, 1]);
  vi.advanceTimersByTime(99);
  expect(await now()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(await now()).toBe(2);
  vi.advanceTimersByTime(100);
  await expect(now()).rejects.toThrow('away');
  expect(await now()).toBe(4);
});
