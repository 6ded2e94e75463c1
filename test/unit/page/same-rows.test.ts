import { expect, test } from 'vitest';
import type { RenderedPage } from '../../../src/page/render.js';
import { differenceOf, digestOf, sameRows } from '../../../src/page/same-rows.js';

interface Parts {
  rows?: Record<string, unknown>[];
  refused?: unknown[];
  followed?: { url: string; label?: string }[];
  fetchedAt?: string;
}

function page({ rows = [], refused = [], followed = [], fetchedAt = '2026-03-01T00:00:00.000Z' }: Parts) {
  const at = { page: 1, url: 'http://shop/p/1', fetchedAt };
  const rendered: RenderedPage = {
    outcome: 'completed',
    fetchedAt,
    rows: rows.map((row, index) => ({ kind: 'row', index, ...at, row })),
    quarantined: refused.map((row, index) => ({
      kind: 'quarantined',
      index,
      ...at,
      attempt: 1,
      row,
      issues: [],
    })),
    followed,
    timings: { navigation: 1, ready: 2, extract: 3, total: Date.parse(fetchedAt) % 1_000 },
  };
  return rendered;
}
const gone = (status: number | undefined): RenderedPage => ({ outcome: 'gone', fetchedAt: '', status });

test.each<[string, RenderedPage, RenderedPage]>([
  [
    'fetched at another time',
    page({ rows: [{ a: 1 }] }),
    page({ rows: [{ a: 1 }], fetchedAt: '2026-03-02' }),
  ],
  ['fields in another order', page({ rows: [{ a: 1, b: [2] }] }), page({ rows: [{ b: [2], a: 1 }] })],
  ['absent and undefined', page({ rows: [{ a: 1, b: undefined }] }), page({ rows: [{ a: 1 }] })],
  ['gone by status and by what it shows', gone(404), gone(undefined)],
])('the same: %s', (_, a, b) => {
  expect(differenceOf(a, b)).toBeUndefined();
  expect(sameRows(a, b)).toBe(true);
  expect(digestOf(a)).toBe(digestOf(b));
});

test.each<[string, RenderedPage, RenderedPage]>([
  [
    'row 1: price 2 against 3',
    page({ rows: [{ sku: 'a', price: 2 }] }),
    page({ rows: [{ sku: 'a', price: 3 }] }),
  ],
  [
    'row 1: stock nothing against 0',
    page({ rows: [{ sku: 'a' }] }),
    page({ rows: [{ sku: 'a', stock: 0 }] }),
  ],
  ['row 1: a "1" against 1', page({ rows: [{ a: '1' }] }), page({ rows: [{ a: 1 }] })],
  [
    'row 1: sku "a" against "b"',
    page({ rows: [{ sku: 'a' }, { sku: 'b' }] }),
    page({ rows: [{ sku: 'b' }, { sku: 'a' }] }),
  ],
  [
    '2 row against 1, only once {"sku":"b"}',
    page({ rows: [{ sku: 'a' }, { sku: 'b' }] }),
    page({ rows: [{ sku: 'a' }] }),
  ],
  ['0 refused row against 1, only once {"row":{"x":1},"issues":[]}', page({}), page({ refused: [{ x: 1 }] })],
  [
    'link 1: label "a" against "b"',
    page({ followed: [{ url: 'u', label: 'a' }] }),
    page({ followed: [{ url: 'u', label: 'b' }] }),
  ],
  ['completed against gone', page({}), gone(404)],
])('not the same: %s', (words, a, b) => {
  expect(differenceOf(a, b)).toBe(words);
  expect(sameRows(a, b)).toBe(false);
  expect(digestOf(a)).not.toBe(digestOf(b));
});
