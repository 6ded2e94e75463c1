import { expect, test } from 'vitest';
import { createBrowserBudget } from '../../../browser-pool/browser-budget.js';

test('the exact account decides, and is asked for every few seconds, at once for what looks like a runaway', () => {
  const budget = createBrowserBudget(1_000);
  expect(budget.wantsExact(1_000, 0)).toBe(false);
  expect(budget.wantsExact(1_001, 0)).toBe(true);
  expect(budget.wantsExact(1_400, 4_999)).toBe(false);
  expect(budget.wantsExact(1_501, 4_999)).toBe(true);
  expect(budget.wantsExact(1_400, 10_000)).toBe(true);
  expect([1_000, 1_001, 1_500, 1_501].map((mb) => budget.judge(mb))).toEqual([
    'fine',
    'over',
    'over',
    'runaway',
  ]);
});

test('without a budget nothing is ever too much', () => {
  const budget = createBrowserBudget(0);
  expect(budget.wantsExact(1e9, 0)).toBe(false);
  expect(budget.judge(1e9)).toBe('fine');
});
