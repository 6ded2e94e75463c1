import { expect, test } from 'vitest';
import { courseOf, problemOf } from '../../bench/render/course.mjs';
import { createCpuBooks } from '../../bench/render/cpu-books.mjs';
import { ratioOf } from '../../bench/render/figures.mjs';
import type { RoundRun } from '../../bench/render/rounds.mjs';

const node = { id: '1:0', parent: '0:0', side: 'node', ownMs: 100, reapedMs: 0 } as const;
const browser = { id: '2:5', parent: '1:0', side: 'browser', ownMs: 400, reapedMs: 0 } as const;
const renderer = { id: '3:6', parent: '2:5', side: 'browser', ownMs: 300, reapedMs: 0 } as const;

test('a browser that its Node has reaped is still counted as a browser', () => {
  const books = createCpuBooks();
  books.note([node, browser, renderer]);
  books.note([node, { ...browser, reapedMs: 300 }]);
  expect(books.totals()).toEqual({ browser: 700, node: 100 });
  books.note([{ ...node, reapedMs: 700 }]);
  expect(books.totals()).toEqual({ browser: 700, node: 100 });
});

test('what ended without a parent that is watched is kept as it was last seen', () => {
  const books = createCpuBooks();
  books.note([node, { ...browser, parent: '9:9' }]);
  books.note([node]);
  expect(books.totals()).toEqual({ browser: 400, node: 100 });
});

test('rows that differ in one field are not the course', () => {
  const course = courseOf('detail', 3);
  const read = new Map(course.map(({ path, rows }) => [path, rows]));
  expect(problemOf(course, read)).toBeUndefined();
  const [first] = course;
  if (first === undefined) throw new Error('an empty course');
  read.set(first.path, [{ ...first.rows[0], price: 0.01 }]);
  expect(problemOf(course, read)).toMatch(/row 1: price is 0.01 instead of/);
  read.delete(first.path);
  expect(problemOf(course, read)).toMatch(/was not read/);
});

test('ratios are taken within a round', () => {
  const run = (contender: string, round: number, pagesPerSecond: number) =>
    ({ contender, round, kind: 'detail', lane: 'load', warm: { pagesPerSecond } }) as RoundRun;
  const runs = [run('a', 0, 10), run('b', 0, 5), run('a', 1, 4), run('b', 1, 4), run('a', 2, 100)];
  const name = { kind: 'detail', lane: 'load' } as const;
  const ratio = ratioOf(runs, {
    of: { ...name, contender: 'a' },
    to: { ...name, contender: 'b' },
    by: ({ warm }) => warm.pagesPerSecond,
  });
  expect(ratio).toEqual({ median: 1.5, low: 1, high: 2, rounds: 2 });
});
