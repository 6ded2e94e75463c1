import { describe, expect, test } from 'vitest';
import { dwellOf, helpFor, isTooEarly, nextRisk, type Risk } from '../../../src/telemetry/risk.js';

/** A margin a second; what was said, as `at-risk@SECOND` and `recovered@SECOND`. */
function told(margins: readonly (number | undefined)[], dwellMs = 2_000): string[] {
  let risk: Risk = { atRisk: false };
  const said: string[] = [];
  for (const [second, margin] of margins.entries()) {
    const before = risk.atRisk;
    risk = nextRisk(risk, { margin, nowMs: second * 1_000, dwellMs });
    if (risk.atRisk !== before) said.push(`${risk.atRisk ? 'at-risk' : 'recovered'}@${second}`);
  }
  return said;
}

const times = (count: number, margin: number | undefined): (number | undefined)[] =>
  Array.from({ length: count }, () => margin);

describe('the alert', () => {
  test('is told once when the margin stays low, and once when it is good again', () => {
    expect(told([...times(5, 0.3), ...times(60, 0.1), ...times(60, 0.25)])).toEqual([
      'at-risk@7',
      'recovered@67',
    ]);
  });

  test('is not told for a moment, in neither direction', () => {
    expect(told([...times(5, 0.3), 0.1, 0.1, ...times(5, 0.3)])).toEqual([]);
    expect(told([...times(5, 0.1), 0.3, 0.3, ...times(5, 0.1)])).toEqual(['at-risk@2']);
  });

  test('between the bounds it stays what it was, however long it swings there', () => {
    const swinging = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? 0.16 : 0.19));
    expect(told([...times(5, 0.3), ...swinging])).toEqual([]);
    expect(told([...times(5, 0.1), ...swinging])).toEqual(['at-risk@2']);
    const acrossOneBound = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? 0.14 : 0.16));
    expect(told([...times(5, 0.1), ...acrossOneBound])).toEqual(['at-risk@2']);
  });

  test('a margin that cannot be told begins the wait anew', () => {
    expect(told([0.1, 0.1, undefined, 0.1, 0.1, 0.1])).toEqual(['at-risk@5']);
  });

  test('waits a hundredth of the window, within bounds', () => {
    expect([60_000, 3_600_000, 86_400_000].map(dwellOf)).toEqual([2_000, 36_000, 120_000]);
  });
});

test('nothing is said of the first pages, unless they take a tenth of the window', () => {
  expect(isTooEarly(6, 0.02)).toBe(true);
  expect([isTooEarly(20, 0.02), isTooEarly(6, 0.1), isTooEarly(0, 0.5)]).toEqual([false, false, false]);
});

test('what would help is what bounds the batch now', () => {
  const full = { inFlight: 8, limit: 8, maximum: 8, retriesPerPage: 0.01 };
  expect(helpFor({ ...full, inFlight: 4 })).toMatch(/^more workers: 4 pages .* where 8/);
  expect(helpFor({ ...full, inFlight: 3, limit: 3 })).toMatch(/^the target bears 3 pages in flight, not 8/);
  expect(helpFor(full)).toContain('throttle.maxConcurrency');
  expect(helpFor({ ...full, retriesPerPage: 1 })).toMatch(/^50 % of the attempts are in vain/);
});
