/** The short form of `npm run sim:night`, and that its checks notice what they are there for. */
import { beforeAll, expect, test } from 'vitest';
import { type Check, checksOf } from '../../sim/night/checks.mjs';
import { simulateWeek, type Week } from '../../sim/night/simulate.mjs';
import { targetsOf } from '../../sim/night/targets.mjs';
import { tableOf } from '../../sim/night/tell.mjs';

let week: Week;

beforeAll(async () => {
  week = await simulateWeek({ from: '2026-03-28', days: 3, targets: targetsOf(10) });
});

const failed = (changed: Week): string[] =>
  checksOf(changed)
    .filter(({ failures }) => failures.length > 0)
    .map(({ name }) => name);

test('every night of the week in which clocks go forward is as it has to be', () => {
  expect(checksOf(week).flatMap(({ failures }) => failures)).toEqual([]);
  const empty = checksOf(week).filter(({ of }) => of === 0);
  expect(empty).toEqual([] satisfies Check[]);
  expect(new Set(week.nights.map(({ why }) => why))).toEqual(
    new Set(['on time', 'late once', 'let go', 'skipped', 'queued', 'cancelled last']),
  );
  const table = tableOf(week, { brief: true });
  expect(table).toMatch(/berlin-0230 +\| Sun 2026-03-29 03:30 \+02:00 .* on time, clocks go forward 60 min/);
  expect(table).toMatch(/beirut-0030 +\| Sun 2026-03-29 01:30 \+03:00 .* on time, clocks go forward 60 min/);
});

test('a night left out, run twice, at a wrong time or beside another one is noticed', () => {
  const { nights } = week;
  const at = nights.findIndex(({ target, dueMs }) => target === 'berlin-0230' && dueMs > week.fromMs);
  const one = nights[at];
  if (one === undefined) throw new Error('berlin-0230 never ran');
  const without = nights.filter((night) => night !== one);
  expect(failed({ ...week, nights: without }).join()).toMatch(/due when .*once on each date/);
  expect(failed({ ...week, nights: [...nights, one] }).join()).toMatch(/never twice.*two batches/);
  const later = { ...one, dueMs: one.dueMs + 3_600_000 };
  expect(failed({ ...week, nights: [...without, later] }).join()).toMatch(/at no other time/);
  const endless = nights.map((night) =>
    night.why === 'queued' ? { ...night, begunMs: week.fromMs } : night,
  );
  expect(failed({ ...week, nights: endless }).join()).toMatch(/two batches.*overlap 'queue'/);
  expect(failed({ ...week, standing: week.standing.slice(1) })).toHaveLength(1);
});
