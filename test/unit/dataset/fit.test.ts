import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { columnsOf } from '../../../src/dataset/columns.js';
import { encodeRow } from '../../../src/dataset/encode.js';
import { type FitInput, fitOf, type LookedAt, type PageEnd } from '../../../src/dataset/fit.js';
import { besideFields, type FreshRow, matchRows } from '../../../src/dataset/match-rows.js';

const schema = z.object({
  sku: z.string(),
  title: z.string(),
  brand: z.string().optional(),
  price: z.number(),
  stock: z.int64().optional(),
  listed: z.date().optional(),
  size: z.object({ w: z.number(), h: z.number().optional() }).optional(),
});
const { columns } = columnsOf(schema);
const key = ['sku'];

/** As it is read back from a file. */
const delivered = (n: number) => ({
  sku: `TH-${n}`,
  title: `Kettle No. ${n}`,
  brand: `Maker ${n}`,
  price: 10 + n,
  stock: n,
  listed: new Date(Date.UTC(2026, 0, n)),
  size: { w: n, h: null },
  _page_url: `http://shop/p/${n}`,
  _fetched_at: new Date(0),
  _batch: 'shop-20260301-aaaaaa',
});

/** As a page gives it now. */
function fresh(n: number, more: Record<string, unknown> = {}): FreshRow {
  const { sku, title, brand, price, listed } = delivered(n);
  const row = { sku, title, brand, price, stock: BigInt(n), listed, size: { w: n }, ...more };
  return { row: encodeRow(columns, row) };
}

const refused = (n: number, more: Record<string, unknown>, path: string): FreshRow => ({
  row: { ...fresh(n).row, ...more },
  issues: [{ path, message: 'Invalid input' }],
});

function pagesOf(endOf: (n: number) => PageEnd): LookedAt[] {
  return [1, 2, 3, 4, 5].map((n) => ({
    url: `http://shop/p/${n}`,
    delivered: [delivered(n)],
    end: endOf(n),
  }));
}

const judge = (endOf: (n: number) => PageEnd, more: Partial<FitInput> = {}) =>
  fitOf({
    columns,
    key,
    pages: pagesOf(endOf),
    schema: { breaking: [], harmless: [] },
    maxQuarantined: 0.05,
    ...more,
  });

const gives = (...rows: FreshRow[]): PageEnd => ({ outcome: 'completed', rows });
const column = (found: ReturnType<typeof judge>, name: string) =>
  found.columns.find((one) => one.name === name);

describe('still fits', () => {
  test('the same rows, however they were written and read', () => {
    const found = judge((n) => gives(fresh(n)));
    expect(found).toMatchObject({ fits: true, reasons: [], compared: 5 });
    for (const one of found.columns) expect(one).toMatchObject({ had: 5, changed: 0, nulled: 0, filled: 0 });
  });

  test('other prices, rows that came and went, one page gone', () => {
    const found = judge((n) =>
      n === 1
        ? { outcome: 'gone' }
        : n === 2
          ? gives(fresh(7))
          : gives(fresh(n, { price: 99 }), fresh(n + 10)),
    );
    expect(found).toMatchObject({ fits: true, compared: 3 });
    expect(column(found, 'price')).toMatchObject({ had: 3, changed: 3 });
    expect(found.pages).toMatchObject([
      { outcome: 'gone', delivered: 1 },
      { missing: 1, came: 1 },
      { missing: 0, came: 1, rows: 2 },
      {},
      {},
    ]);
  });

  test('a column that is NULL in one of the rows, and one that has got a value', () => {
    const found = judge((n) => gives(fresh(n, n === 1 ? { brand: undefined } : {})));
    expect(found.fits).toBe(true);
    expect(column(found, 'brand')).toMatchObject({ had: 5, nulled: 1 });
  });

  test('one refused row of many', () => {
    const many = Array.from({ length: 30 }, (_, at) => fresh(at + 10));
    const found = judge((n) =>
      n === 1 ? gives(...many, refused(1, { price: 'ask' }, 'price')) : gives(fresh(n)),
    );
    expect(found.fits).toBe(true);
    expect(found.pages[0]).toMatchObject({ rows: 30, refused: 1 });
  });
});

describe('does not fit any more', () => {
  test.each<[string, (n: number) => PageEnd, RegExp]>([
    [
      'NULL in most rows',
      (n) => gives(fresh(n, n > 2 ? { brand: undefined } : {})),
      /^brand is NULL in 3 of 5 rows that had it$/,
    ],
    [
      'missing where it must not be',
      (n) => gives({ ...refused(n, {}, 'price'), row: { ...fresh(n).row, price: undefined } }),
      /^price is NULL in 5 of 5/,
    ],
    [
      'two columns in each other’s place',
      (n) => gives(fresh(n, { title: `Maker ${n}`, brand: `Kettle No. ${n}` })),
      /^title stands in brand in 5 of 5/,
    ],
    [
      'text for a number',
      (n) => gives(refused(n, { price: 'ask us' }, 'price')),
      /^price is refused in 5 of 5/,
    ],
    [
      'rows refused',
      (n) => gives(refused(n, { price: 'ask us' }, 'price')),
      /^the schema refuses 5 of 5 rows: price: Invalid input$/,
    ],
    [
      'a page that fails',
      (n) => (n === 3 ? { outcome: 'failed', code: 'NOT_READY', message: 'late' } : gives(fresh(n))),
      /^1 of 5 pages failed: NOT_READY$/,
    ],
    ['a page without a row', (n) => (n === 3 ? gives() : gives(fresh(n))), /^1 of 5 pages gave no row$/],
    ['most pages gone', (n) => (n > 2 ? { outcome: 'gone' } : gives(fresh(n))), /^3 of 5 pages are gone$/],
    [
      'keys that are read from elsewhere',
      (n) => gives(fresh(n, { sku: `x${n}` })),
      /^none of 5 rows has a key \(sku\)/,
    ],
    [
      'nothing to look at',
      () => ({ outcome: 'skipped', why: 'robots' }),
      /^none of 5 pages could be looked at: robots$/,
    ],
  ])('%s', (_what, endOf, reason) => {
    const found = judge(endOf);
    expect(found.fits).toBe(false);
    expect(found.reasons).toContainEqual(expect.stringMatching(reason));
  });

  test('a schema that readers would break on', () => {
    const found = judge((n) => gives(fresh(n)), { schema: { breaking: ['price is gone'], harmless: [] } });
    expect(found.reasons).toEqual(['schema: price is gone']);
  });

  test('one page is enough where there is no second one', () => {
    const pages = pagesOf((n) => gives(fresh(n, { brand: undefined }))).slice(0, 1);
    expect(judge(() => gives(), { pages }).reasons).toEqual(['brand is NULL in 1 of 1 rows that had it']);
  });
});

test('small numbers and flags are not said to have moved', () => {
  const found = judge((n) => gives(fresh(n, { price: 999, size: { w: 10 + n }, stock: BigInt(10 + n) })));
  expect(found.fits).toBe(true);
  expect(column(found, 'price')).not.toHaveProperty('moved');
});

test('of rows with one key the later counts', () => {
  const matched = matchRows({ columns, key }, [delivered(1)], [fresh(1), fresh(1, { price: 3 })]);
  expect(matched.pairs).toMatchObject([{ now: { row: { price: 3 } } }]);
  expect(matched.came).toEqual([]);
});

test('beside each other, with what the target does not read any more', () => {
  const last = { ...delivered(1), colour: 'red' };
  const fields = besideFields(columns, fresh(1, { price: 5 }).row, last);
  expect(fields.filter(({ differs }) => differs)).toEqual([
    { name: 'price', now: 5, last: 11, differs: true },
    { name: 'colour', now: null, last: 'red', differs: true },
  ]);
  expect(fields.map(({ name }) => name)).not.toContain('_batch');
});
