import { expect, test } from 'vitest';
import { initialLimit, type LimitState, nextLimit } from '../../../src/throttle/limit.js';

const maximum = 8;

function after(state: LimitState, nowMs: number, overloadedAtMs = 0): LimitState {
  return nextLimit(state, { maximum, overloadedAtMs, nowMs });
}

test('begins at the maximum and stays there while the target is well', () => {
  const start = initialLimit(maximum, 1_000);
  expect(start.limit).toBe(8);
  expect(after(start, 100_000)).toEqual(start);
});

test('an overload halves it once, however often it is reported; a later one halves it again; never below one', () => {
  let state = initialLimit(maximum, 1_000);
  state = after(state, 2_000, 1_500);
  expect(state.limit).toBe(4);
  expect(after(state, 2_200, 1_500).limit).toBe(4);
  for (let nowMs = 3_000; nowMs < 10_000; nowMs += 1_000) state = after(state, nowMs, nowMs - 1);
  expect(state.limit).toBe(1);
});

test('gives one page back every five seconds without an overload, up to the maximum', () => {
  let state: LimitState = { limit: 2, changedAtMs: 0 };
  expect(after(state, 4_999).limit).toBe(2);
  const limits: number[] = [];
  for (let nowMs = 5_000; nowMs <= 40_000; nowMs += 5_000) {
    state = after(state, nowMs);
    limits.push(state.limit);
  }
  expect(limits).toEqual([3, 4, 5, 6, 7, 8, 8, 8]);
});

test('follows a maximum that was lowered', () => {
  expect(nextLimit({ limit: 8, changedAtMs: 0 }, { maximum: 3, overloadedAtMs: 0, nowMs: 100 }).limit).toBe(
    3,
  );
});
