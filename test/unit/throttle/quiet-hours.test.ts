import { expect, test } from 'vitest';
import { quietUntil } from '../../../src/throttle/quiet-hours.js';

const at = (time: string): number => Date.parse(`2026-06-15T${time}Z`);

test.each([
  ['within the day', { from: '08:00', to: '20:00' }, '12:30:15', '20:00:00'],
  ['over midnight, before it', { from: '22:00', to: '06:00' }, '23:10:00', '30:00:00'],
  ['over midnight, after it', { from: '22:00', to: '06:00' }, '05:59:59', '06:00:00'],
  ['at their first minute', { from: '08:00', to: '20:00' }, '08:00:00', '20:00:00'],
  ['in a zone of their own', { from: '08:00', to: '20:00', tz: 'Asia/Tokyo' }, '00:00:00', '11:00:00'],
])('quiet hours %s', (_, hours, now, end) => {
  const [h = 0, m = 0] = end.split(':').map(Number);
  expect(quietUntil(hours, at(now))).toBe(at('00:00:00') + (h * 60 + m) * 60_000);
});

test.each([
  [{ from: '08:00', to: '20:00' }, '20:00:00'],
  [{ from: '08:00', to: '20:00' }, '07:59:59'],
  [{ from: '22:00', to: '06:00' }, '12:00:00'],
  [{ from: '08:00', to: '08:00' }, '08:00:00'],
])('no quiet hours: %j at %s', (hours, now) => {
  expect(quietUntil(hours, at(now))).toBeUndefined();
});
