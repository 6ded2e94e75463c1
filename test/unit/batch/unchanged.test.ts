import { expect, test } from 'vitest';
import { isUnchanged } from '../../../src/batch/unchanged.js';

const fetchedAt = '2026-03-10T02:00:00.000Z';

test.each([
  ['2026-03-01', true],
  ['2026-03-10T00:58:00Z', true],
  ['2026-03-10T01:58:00+01:00', true],
  ['2026-03-10T00:58:30.5Z', true],
  ['2026-03-10T00:58Z', true],
  [' 2026-03-01\n', true],
  ['2026-03-10T01:01:00Z', false], // clocks may differ by an hour
  ['2026-03-10T03:00:00Z', false],
  ['2026-03-10T00:58:00-02:00', false],
  ['2026-03-08', true],
  ['2026-03-09', false], // that day ends at noon of the next one, somewhere
  ['2026-03-10', false],
  ['2027-01-01', false],
  ['2026-03', false],
  ['2026', false],
  ['2026-02-31T25:00:00Z', false],
  ['2026-03-01T00:00:00', false], // of no zone
  ['yesterday', false],
  ['', false],
  [undefined, false],
])('lastmod %j says unchanged: %s', (lastmod, expected) => {
  expect(isUnchanged(lastmod, fetchedAt)).toBe(expected);
});
