import { expect, test } from 'vitest';
import { verdictOf } from '../../../src/batch/night-verdict.js';

const USUAL = [100, 100, 100];

test('a delivered night is late when its margin is below nought, whatever its rows', () => {
  expect(verdictOf({ state: 'delivered', rows: 100, margin: 0 }, USUAL)).toBe('delivered');
  expect(verdictOf({ state: 'delivered', rows: 100, margin: -0.01 }, USUAL)).toBe('late');
  expect(verdictOf({ state: 'delivered', rows: 100 }, USUAL)).toBe('delivered');
});

test('a delivered night is thin below 80 % of the median of at least three earlier ones, though it be late', () => {
  expect(verdictOf({ state: 'delivered', rows: 80 }, USUAL)).toBe('delivered');
  expect(verdictOf({ state: 'delivered', rows: 79, margin: -1 }, USUAL)).toBe('thin');
  expect(verdictOf({ state: 'delivered', rows: 1 }, [100, 100])).toBe('delivered');
  expect(verdictOf({ state: 'delivered', rows: 79 }, [100, 1_000_000, 2])).toBe('thin');
  expect(verdictOf({ state: 'delivered', rows: undefined }, USUAL)).toBe('delivered');
});

test('only the latest fourteen nights are looked back at', () => {
  const grown = [...Array(14).fill(10), ...Array(20).fill(1_000)] as number[];
  expect(verdictOf({ state: 'delivered', rows: 10 }, grown)).toBe('delivered');
});

test('what was not delivered is what its state says, and what has not ended is running or paused', () => {
  const of = (state: string) => verdictOf({ state, rows: 1, margin: -1 }, USUAL);
  expect(['held', 'failed', 'cancelled', 'paused'].map(of)).toEqual([
    'held',
    'failed',
    'cancelled',
    'paused',
  ]);
  const active = ['discovering', 'fetching', 'aggregating', 'gating', 'delivering'];
  expect(new Set(active.map(of))).toEqual(new Set(['running']));
});
