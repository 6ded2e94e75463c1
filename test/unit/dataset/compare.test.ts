import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Comparison, compare, type EarlierDataset } from '../../../src/dataset/compare.js';
import type { GateCheck } from '../../../src/dataset/gate.js';

const columns = [
  { name: 'sku', type: 'VARCHAR', nullable: false },
  { name: 'rating', type: 'DOUBLE', nullable: true },
];
const TOLERANCE = { maxRowChange: 0.25, maxNullChange: 0.1 };

function dataset(rows: number, nulls = 0, more: Partial<EarlierDataset> = {}): EarlierDataset {
  const date = '2026-01-01';
  return { rows, nulls: { sku: 0, rating: nulls }, columns, key: ['sku'], date, forced: [], ...more };
}

function checks(now: EarlierDataset, earlier: EarlierDataset[], more: Partial<Comparison> = {}) {
  const found = compare({ now, earlier, tolerance: TOLERANCE, limit: undefined, ...more });
  const named = (name: string): GateCheck => {
    const check = found.find((one) => one.name === name);
    if (check === undefined) throw new Error(`no check ${name} among ${found.map((one) => one.name)}`);
    return check;
  };
  return {
    rows: named('rows compared'),
    nulls: named('nulls of rating'),
    schema: named('schema'),
    held: found.filter((check) => !check.passed).map((check) => check.name),
    names: found.map((check) => check.name),
  };
}

const level = fc.integer({ min: 100, max: 2_000_000 });
/** Three to seven factors around 1. */
const noise = (share: number) =>
  fc.array(fc.double({ min: 1 - share, max: 1 + share, noNaN: true }), { minLength: 4, maxLength: 8 });

describe('rows', () => {
  test('noise of 10 % around a level is never held', () => {
    fc.assert(
      fc.property(level, noise(0.1), (rows, factors) => {
        const [now = 0, ...earlier] = factors.map((factor) => Math.round(rows * factor));
        return checks(
          dataset(now),
          earlier.map((one) => dataset(one)),
        ).rows.passed;
      }),
    );
  });

  test('half of the level is always held, whatever the history; so is twice as much', () => {
    fc.assert(
      fc.property(level, noise(0.1), fc.constantFrom(0.5, 2), (rows, factors, change) => {
        const earlier = factors.slice(1).map((factor) => dataset(Math.round(rows * factor)));
        return !checks(dataset(Math.round(rows * change)), earlier).rows.passed;
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 3, maxLength: 7 }), (wild) => {
        const middle = [...wild].sort((a, b) => a - b)[Math.floor((wild.length - 1) / 2)] ?? 0;
        const half = dataset(Math.floor(middle / 2));
        return !checks(
          half,
          wild.map((one) => dataset(one)),
        ).rows.passed;
      }),
    );
  });

  test('one bad night among seven changes nothing', () => {
    const earlier = [1_000, 1_010, 3, 990, 1_005, 1_000, 995].map((rows) => dataset(rows));
    expect(checks(dataset(1_000), earlier).held).toEqual([]);
    const { rows } = checks(dataset(500), earlier);
    expect(rows).toMatchObject({ passed: false, value: 500, earlier: 7 });
    expect(rows.expected?.least).toBeCloseTo(750);
    expect(rows.expected?.most).toBeCloseTo(1_000 / 0.75);
    expect(rows.message).toBe('500 rows; 750 to 1333 expected after 7 earlier datasets (median 1000)');
  });

  test('a noisy history widens the range, up to a bound', () => {
    const earlier = [700, 1_000, 1_300, 800, 1_200].map((rows) => dataset(rows));
    expect(checks(dataset(620), earlier).held).toEqual([]);
    expect(checks(dataset(590), earlier).held).toEqual(['rows compared']);
  });

  test('fewer than three earlier datasets are not enough, and it says so', () => {
    const { rows, nulls } = checks(dataset(10, 10), [dataset(1_000), dataset(1_000)]);
    expect(rows).toMatchObject({ passed: true, earlier: 2 });
    expect(rows.message).toBe('10 rows; not compared: 2 earlier datasets, at least 3 needed');
    expect(nulls.message).toMatch(/not compared: 2 earlier datasets, at least 3 needed$/);
  });

  test('a level that a person released is expected from then on, beside the old one', () => {
    const forced = { forced: ['rows compared'], date: '2026-01-05' };
    const earlier = [dataset(400, 0, forced), ...[1_000, 1_000, 1_000].map((rows) => dataset(rows))];
    expect(checks(dataset(410), earlier).rows).toMatchObject({ passed: true });
    expect(checks(dataset(410), earlier).rows.message).toMatch(/as on 2026-01-05, released by a person$/);
    expect(checks(dataset(1_000), earlier).held).toEqual([]);
    expect(checks(dataset(200), earlier).held).toEqual(['rows compared']);
    const other = [dataset(400, 0, { forced: ['completed'] }), ...earlier.slice(1)];
    expect(checks(dataset(410), other).held).toEqual(['rows compared']);
  });

  test('a sample is not compared; nor what the target switched off', () => {
    const earlier = [1_000, 1_000, 1_000].map((rows) => dataset(rows));
    const sample = checks(dataset(10, 10, { key: ['rating'] }), earlier, { limit: 10 });
    expect(sample.held).toEqual([]);
    for (const check of [sample.rows, sample.nulls, sample.schema])
      expect(check.message).toMatch(/not compared: a sample of at most 10 pages$/);
    const off = { tolerance: { maxRowChange: 1, maxNullChange: 1 } };
    expect(checks(dataset(10, 10), earlier, off).held).toEqual([]);
  });
});

describe('nulls', () => {
  const share = fc.double({ min: 0, max: 0.9, noNaN: true });

  test('five points up or down around any level are never held', () => {
    fc.assert(
      fc.property(level, share, noise(1), (rows, middle, factors) => {
        // In whole rows, so that rounding does not make ten points and a bit of what is ten points at most.
        const [around, swing] = [Math.floor(rows * middle), Math.floor(rows * 0.05)];
        const nulls = (factor: number) => around + Math.round((factor - 1) * swing);
        const [now = dataset(0), ...earlier] = factors.map((factor) =>
          dataset(rows, Math.min(Math.max(nulls(factor), 0), Math.floor(rows * 0.9))),
        );
        return checks(now, earlier).nulls.passed;
      }),
    );
  });

  test('a column that was mostly filled and is NULL throughout is always held', () => {
    fc.assert(
      fc.property(level, noise(1), fc.double({ min: 0, max: 0.5, noNaN: true }), (rows, factors, most) => {
        const earlier = factors
          .slice(1)
          .map((factor) => dataset(rows, Math.floor((rows * most * factor) / 2)));
        return checks(dataset(rows, rows), earlier).held.includes('nulls of rating');
      }),
    );
  });

  test.each([
    ['none before, one in seven now', 700, 0, 100, true],
    ['none before, one of seven rows now', 7, 0, 1, false],
    ['a column filled in one row of twenty, gone', 10_000, 9_500, 10_000, true],
    ['the same with thirty rows, where chance can do it', 30, 28, 30, false],
    ['two points fewer than the usual two', 10_000, 200, 0, false],
    ['half of the rows NULL before, none now', 10_000, 5_000, 0, true],
  ])('%s', (_name, rows, before, now, isHeld) => {
    const earlier = [0, 1, 2, 3].map(() => dataset(rows, before));
    expect(checks(dataset(rows, now), earlier).held).toEqual(isHeld ? ['nulls of rating'] : []);
  });

  test('says its figures', () => {
    const earlier = [0, 1, 2].map(() => dataset(1_000, 20));
    expect(checks(dataset(1_000, 300), earlier).nulls).toMatchObject({
      value: 0.3,
      earlier: 3,
      passed: false,
      message:
        'rating is NULL in 30 % of 1000 rows; 0 % to 12 % expected after 3 earlier datasets (median 2 %)',
    });
  });

  test('only of columns that may be NULL, and of datasets that had the column and rows', () => {
    const before = dataset(1_000, 0, { nulls: { sku: 0 } });
    const found = checks(dataset(1_000, 1_000), [before, before, dataset(0), before]);
    expect(found.names).toEqual(['rows compared', 'nulls of rating', 'schema']);
    expect(found.nulls).toMatchObject({ passed: true, earlier: 0 });
  });
});

describe('schema', () => {
  test('is compared with the latest dataset alone, and is enough to hold', () => {
    const old = dataset(5, 0, { columns: [...columns, { name: 'price', type: 'DOUBLE', nullable: false }] });
    const { schema, held } = checks(dataset(5), [{ ...old, date: '2026-01-07' }, dataset(5)]);
    expect(held).toEqual(['schema']);
    expect(schema).toMatchObject({ value: 1, threshold: 0, earlier: 1 });
    expect(schema.message).toBe('readers of the dataset of 2026-01-07 would break: price is gone');
    expect(checks(dataset(5), [dataset(5), old]).held).toEqual([]);
    expect(checks(dataset(5), []).schema).toMatchObject({ passed: true, earlier: 0 });
  });
});
