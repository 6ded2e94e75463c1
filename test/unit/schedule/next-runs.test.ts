import { expect, test } from 'vitest';
import { clockIn, nextRun, nextRuns, runsUntil } from '../../../src/schedule/next-runs.js';

const at = (iso: string): number => Date.parse(iso);
const clocks = (cron: string, tz: string, from: string, count: number): string[] =>
  nextRuns(cron, tz, at(from), count).map((ms) => clockIn(tz, ms));

test('a time that does not exist is due as much later', () => {
  expect(clocks('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 3)).toEqual([
    '2026-03-29 03:30 +02:00',
    '2026-03-30 02:30 +02:00',
    '2026-03-31 02:30 +02:00',
  ]);
});

test('a time that comes twice is due the first time', () => {
  expect(clocks('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
    '2026-10-25 02:30 +02:00',
    '2026-10-26 02:30 +01:00',
  ]);
  // Asked between the two.
  expect(clocks('30 2 * * *', 'Europe/Berlin', '2026-10-25T01:00:00Z', 1)).toEqual([
    '2026-10-26 02:30 +01:00',
  ]);
});

test('where clocks go forward at midnight the day is not left out', () => {
  expect(clocks('30 0 * * *', 'America/Havana', '2026-03-07T12:00:00Z', 2)).toEqual([
    '2026-03-08 01:30 -04:00',
    '2026-03-09 00:30 -04:00',
  ]);
});

test('whoever asks after each run, a little late, gets each date once', () => {
  for (const lateMs of [1, 50, 60_000, 3_599_000]) {
    const dates: string[] = [];
    for (let now = at('2026-10-23T12:00:00Z'); dates.length < 4; ) {
      const due = nextRun('30 2 * * *', 'Europe/Berlin', now) ?? 0;
      dates.push(clockIn('Europe/Berlin', due).slice(0, 10));
      now = due + lateMs;
    }
    expect(dates).toEqual(['2026-10-24', '2026-10-25', '2026-10-26', '2026-10-27']);
  }
});

test('what is due every hour is due in both of the hours that have the same name', () => {
  expect(clocks('30 * * * *', 'Europe/Berlin', '2026-10-24T23:00:00Z', 4)).toEqual([
    '2026-10-25 01:30 +02:00',
    '2026-10-25 02:30 +02:00',
    '2026-10-25 02:30 +01:00',
    '2026-10-25 03:30 +01:00',
  ]);
});

test.each([
  ['Europe/Berlin'],
  ['America/New_York'],
  ['America/Havana'],
  ['Asia/Beirut'],
  ['Africa/Cairo'],
  ['Australia/Lord_Howe'],
  ['America/St_Johns'],
  ['America/Santiago'],
  ['Africa/Casablanca'],
  ['Asia/Kolkata'],
  ['Pacific/Chatham'],
  ['UTC'],
])('what runs daily in %s runs once on each of its dates, whatever the clocks do', (tz) => {
  for (const cron of ['0 0 * * *', '30 0 * * *', '30 2 * * *']) {
    const runs = nextRuns(cron, tz, at('2026-01-01T12:00:00Z'), 370);
    const dates = runs.map((ms) => clockIn(tz, ms).slice(0, 10));
    const first = Date.parse(`${dates[0]}T00:00:00Z`);
    expect(dates, cron).toEqual(
      dates.map((_, day) => new Date(first + day * 86_400_000).toISOString().slice(0, 10)),
    );
  }
});

test('days of the week and of the month, and a date that never comes', () => {
  expect(clocks('0 3 * * 1-5', 'UTC', '2026-03-06T04:00:00Z', 2)).toEqual([
    '2026-03-09 03:00 +00:00',
    '2026-03-10 03:00 +00:00',
  ]);
  expect(nextRun('0 3 30 2 *', 'UTC', at('2026-01-01T00:00:00Z'))).toBeUndefined();
});

test('what is due up to a moment, that moment included, and no more is reckoned', () => {
  const until = (iso: string, most = 10): number[] =>
    runsUntil('30 2 * * *', 'UTC', { afterMs: at('2026-03-01T02:30:00Z'), untilMs: at(iso), most });
  expect(until('2026-03-02T02:29:59Z')).toEqual([]);
  expect(until('2026-03-03T02:30:00Z')).toEqual([at('2026-03-02T02:30:00Z'), at('2026-03-03T02:30:00Z')]);
  expect(until('2027-01-01T00:00:00Z', 3)).toHaveLength(3);
});
