import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GateInput, judge } from '../../../src/dataset/gate.js';

const FINE: GateInput = {
  pages: { frontier: 100, completed: 90, gone: 5, skipped: 3, dead: 1, unfinished: 1 },
  rows: { read: 200, delivered: 180, duplicates: 10, quarantined: 10 },
  thresholds: { minCompleted: 0.97, maxQuarantined: 0.05, minRows: 180 },
};

function failing(change: { [Part in keyof GateInput]?: Partial<GateInput[Part]> }): string[] {
  const verdict = judge({
    pages: { ...FINE.pages, ...change.pages },
    rows: { ...FINE.rows, ...change.rows },
    thresholds: { ...FINE.thresholds, ...change.thresholds },
  });
  expect(verdict.passed).toBe(verdict.checks.every((check) => check.passed));
  return verdict.checks.filter((check) => !check.passed).map((check) => check.name);
}

describe('judge', () => {
  test('passes a batch that is at its thresholds', () => {
    // 90 of the 92 pages that were neither gone nor skipped, 5 % quarantined, as many rows as asked for.
    expect(failing({})).toEqual([]);
  });

  test.each<[string, Parameters<typeof failing>[0], string[]]>([
    ['too few completed', { pages: { completed: 89, dead: 2 } }, ['completed']],
    ['too many quarantined', { rows: { read: 201, quarantined: 11 } }, ['quarantined']],
    ['too few rows', { rows: { read: 199, delivered: 179 }, thresholds: { maxQuarantined: 0.06 } }, ['rows']],
    ['a page lost', { pages: { frontier: 101 }, thresholds: { minCompleted: 0.9 } }, ['page balance']],
    ['a row lost', { rows: { read: 201 } }, ['row balance']],
    ['a count that is no number', { rows: { delivered: Number.NaN } }, ['rows', 'row balance']],
    [
      'all at once',
      { pages: { completed: 10 }, rows: { delivered: 1, quarantined: 50 } },
      ['completed', 'quarantined', 'rows', 'page balance', 'row balance'],
    ],
  ])('holds a batch with %s', (_name, change, names) => {
    expect(failing(change)).toEqual(names);
  });

  test('gone and skipped pages count neither for nor against', () => {
    const pages = { frontier: 10, completed: 1, gone: 6, skipped: 3, dead: 0, unfinished: 0 };
    expect(failing({ pages })).toEqual([]);
    expect(failing({ pages: { ...pages, completed: 0, gone: 7 } })).toEqual([]);
    expect(failing({ pages: { ...pages, completed: 0, dead: 1 } })).toEqual(['completed']);
  });

  test('nothing read fails by its rows, not by a division', () => {
    const rows = { read: 0, delivered: 0, duplicates: 0, quarantined: 0 };
    expect(failing({ rows })).toEqual(['rows']);
    expect(failing({ rows, thresholds: { minRows: 0 } })).toEqual([]);
  });

  test('a share that misses its threshold never reads as if it met it', () => {
    const share = fc.record({ all: fc.integer({ min: 1, max: 1_000_000 }), part: fc.nat(1_000_000) });
    fc.assert(
      fc.property(share, ({ all, part }) => {
        fc.pre(part <= all);
        const [check] = judge({
          pages: { frontier: all, completed: part, gone: 0, skipped: 0, dead: all - part, unfinished: 0 },
          rows: FINE.rows,
          thresholds: { ...FINE.thresholds, minCompleted: 0.98 },
        }).checks;
        const percent = Number(/\((\S+) %/.exec(check?.message ?? '')?.[1]);
        return check?.passed === percent >= 98;
      }),
    );
  });
});
