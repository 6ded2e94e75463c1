import { expect, test } from 'vitest';
import { progressLines, timingOf } from '../../../src/telemetry/progress-lines.js';
import type { BatchSnapshot } from '../../../src/telemetry/snapshot.js';

const snapshot: BatchSnapshot = {
  batch: 'shop-20260301-aaaaaa',
  target: 'shop',
  date: '2026-03-01',
  state: 'fetching',
  since: '2026-03-01T01:00:00.000Z',
  pages: { frontier: 100, completed: 40, gone: 0, skipped: 0, dead: 0, unfinished: 60 },
  rows: 40,
  quarantined: 0,
  retries: 0,
  inFlight: 2,
  limit: 2,
  pagesPerSecond: 1,
};
const timed: BatchSnapshot = { ...snapshot, etaMs: 90_000, margin: 0.31, p50Ms: 400, p99Ms: 2_300 };

test('ETA, margin and page times as far as they are known', () => {
  const style = { width: 120, unicode: false, now: Date.parse('2026-03-01T01:01:00.000Z') };
  expect(progressLines(snapshot, style)).toHaveLength(4);
  const paced = progressLines({ ...timed, paced: true }, style);
  expect(paced[1]).toMatch(/1\.0\/s {2}ETA 1m 30s \(paced\)$/);
  expect(paced[4]).toBe('margin 31 %  page p50 400 ms  p99 2.3 s');
  expect(progressLines(timed, style)[1]).toMatch(/ETA 1m 30s$/);
});

test('a batch at risk, and one that is too late, say so, and what would help', () => {
  const risk = 'more workers';
  expect(timingOf({ ...timed, margin: 0.09, risk })).toContain('margin 9 %  page p50');
  expect(timingOf({ ...timed, margin: 0.09, risk })).toMatch(/: at risk; more workers$/);
  expect(timingOf({ ...snapshot, margin: -0.2, risk })).toBe(
    'margin -20 %: the SLA window will be missed; more workers',
  );
  expect(timingOf(snapshot)).toBeUndefined();
});

test('a dataset that is built in partitions shows how far it is, instead of pages in flight', () => {
  const style = { width: 120, unicode: false, now: Date.parse('2026-03-01T01:01:00.000Z') };
  const shown = (split: number, written: number) =>
    progressLines({ ...snapshot, aggregation: { split, splits: 5, written, partitions: 4 } }, style)[2];
  expect(shown(2, 0)).toMatch(/^2 of 5 shares of the segments dealt to 4 partitions {2}rows 40 /);
  expect(shown(5, 3)).toMatch(/^3 of 4 partitions written {2}rows 40 /);
});

test('pages that are fetched without a browser, and why others are rendered', () => {
  const style = { width: 120, unicode: false, now: Date.parse('2026-03-01T01:01:00.000Z') };
  const lane = {
    fetched: 1_204,
    rendered: 96,
    renderedFor: { learning: 20, sample: 76 },
    compared: 70,
    kinds: [],
  };
  expect(progressLines({ ...timed, lane: { ...lane, stage: 'fetching' } }, style)[4]).toBe(
    'lane fetching: 1,204 fetched, 96 rendered (learning 20, sample 76)',
  );
  const off = { ...lane, renderedFor: {}, stage: 'off', why: '/p/7 gives other rows' } as const;
  expect(progressLines({ ...snapshot, lane: off }, style)[4]).toBe(
    'lane off: 1,204 fetched, 96 rendered; /p/7 gives other rows',
  );
});
