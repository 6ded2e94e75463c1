import { expect, test } from 'vitest';
import type { FarmLook } from '../../../src/batch/farm-look.js';
import type { Verdict } from '../../../src/batch/night-verdict.js';
import type { Night } from '../../../src/batch/nights.js';
import { farmPage } from '../../../src/cli/farm-page.js';

const AT = '2026-03-14T03:00:00.000Z';
const dates = Array.from({ length: 14 }, (_, at) => `2026-03-${String(at + 1).padStart(2, '0')}`);
const style = { width: 79, height: 23, unicode: false, now: Date.parse(AT) };

function nightsOf(last: Verdict, rows?: number): (Night | null)[] {
  return dates.map((date, at) => {
    if (at === 0) return null;
    const batch = `shop-${date}-aaaaaa`;
    return {
      date,
      batch,
      verdict: at === 13 ? last : 'delivered',
      state: 'any',
      ...(rows === undefined ? {} : { rows }),
    };
  });
}

const standing = {
  batch: 'shop-20260314-aaaaaa',
  target: 'shop',
  date: '2026-03-14',
  state: 'fetching',
  pages: { frontier: 5_000, completed: 1_000, gone: 20, skipped: 0, dead: 4, unfinished: 3_976 },
  rows: 1_000,
  margin: 0.81,
  snapshot: {
    batch: 'shop-20260314-aaaaaa',
    target: 'shop',
    date: '2026-03-14',
    state: 'fetching',
    since: AT,
    pages: { frontier: 5_000, completed: 1_000, gone: 20, skipped: 0, dead: 4, unfinished: 3_976 },
    rows: 1_000,
    quarantined: 0,
    retries: 3,
    inFlight: 6,
    limit: 8,
    pagesPerSecond: 7.34,
    etaMs: 543_000,
  },
};

const look: FarmLook = {
  at: AT,
  hasRedis: true,
  dates,
  targets: [
    { target: 'books', nights: nightsOf('thin', 1_200) },
    { target: 'shop', nights: nightsOf('running') },
  ],
  running: [standing],
  workers: [
    {
      ...{ worker: 'host-1-abc-0', concurrency: 16, slots: 8, reason: 'finding', inFlight: 6, cpuSeconds: 9 },
      ...{ targets: { shop: { slots: 8, inFlight: 6 } }, memoryMb: 812, budgetMb: 3_000 },
    },
  ],
  alerts: { waiting: 2, givenUp: 1 },
};

test('the last nights, what runs, who works and what waits stand on one page of 80 columns', () => {
  expect(farmPage(look, style)).toEqual([
    'thresh 03:00:00 UTC  1 running  1 worker  alerts: 2 waiting, 1 given up',
    '',
    'target  03-01                 03-14  last night',
    'books   . # # # # # # # # # # # # t  thin, 1,200 rows',
    'shop    . # # # # # # # # # # # # >  running',
    '# delivered l late t thin H held X failed c cancelled > running = paused . none',
    '',
    'shop fetching 20 %  1,024/5,000  7.3/s  ETA 9m 3s  margin 81 %  dead 4',
    '',
    '812 of 3,000 MB  6 in flight  8 of 16 slots (finding)  host-1-abc-0',
  ]);
});

test('signs are drawn where the terminal has them, and every line keeps to its width', () => {
  for (const width of [20, 40, 79, 200]) {
    const lines = farmPage(look, { ...style, width, unicode: true });
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(width);
  }
  expect(farmPage(look, { ...style, unicode: true })[3]).toContain('· ■ ■');
});

test('with more targets than rows those whose last night was not as it should be stay', () => {
  const targets = Array.from({ length: 60 }, (_, at) => ({
    target: `target-${at}`,
    nights: nightsOf(at === 57 ? 'failed' : 'delivered', 10),
  }));
  const running = Array.from({ length: 30 }, () => standing);
  const lines = farmPage({ ...look, targets, running }, style);
  expect(lines.length).toBeLessThanOrEqual(23);
  expect(lines[3]).toMatch(/^target-57 .* failed, 10 rows$/);
  expect(lines).toContainEqual(expect.stringMatching(/^\.\.\. \d+ more targets$/));
  expect(lines).toContainEqual(expect.stringMatching(/^\.\.\. \d+ more running$/));
});

test('without anything, without Redis and when the last look is old, it says so', () => {
  const nothing = { ...look, targets: [], running: [], workers: [], hasRedis: false };
  const lines = farmPage(nothing, { ...style, now: style.now + 12_000 });
  expect(lines[0]).toContain('(12 s ago)');
  expect(lines).toContain('nothing runs');
  expect(lines.at(-1)).toBe('Redis is away: only files are told of');
  expect(lines.join()).toContain('no night yet');
});

test('what a page or a target wrote is text', () => {
  const reason = 'held \u001b[31mred\u0007 and\nmore';
  const lines = farmPage({ ...look, running: [{ ...standing, reason }] }, style);
  expect(lines).toContain('  ! held red and more');
});
