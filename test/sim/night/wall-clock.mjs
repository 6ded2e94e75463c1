// @ts-check
/**
 * What the clock on a wall shows, by Intl alone: when a schedule has to be due, found by trying every offset that a zone
 * may have. It knows nothing of the farm's own reckoning, nor of cron-parser.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const OFFSETS = Array.from({ length: 4 * 26 + 1 }, (_, at) => (at * 15 - 12 * 60) * MINUTE_MS);

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** The wall clock written as if it were UTC's. @param {string} tz @param {number} atMs */
export function wallOf(tz, atMs) {
  let format = formats.get(tz);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: tz, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    formats.set(tz, format);
  }
  const parts = Object.fromEntries(
    format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** @param {string} tz @param {number} atMs */
function offsetOf(tz, atMs) {
  return wallOf(tz, atMs) - Math.floor(atMs / 1_000) * 1_000;
}

/** `Sun 2026-03-29 03:30 +02:00`. @param {string} tz @param {number} atMs */
export function clockOf(tz, atMs) {
  const minutes = offsetOf(tz, atMs) / MINUTE_MS;
  const wall = new Date(wallOf(tz, atMs));
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const offset = `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
  const day = wall.toUTCString().slice(0, 3);
  return `${day} ${wall.toISOString().slice(0, 10)} ${wall.toISOString().slice(11, 16)} ${offset}`;
}

/** @param {string} tz @param {number} atMs */
export function dateOf(tz, atMs) {
  return new Date(wallOf(tz, atMs)).toISOString().slice(0, 10);
}

/**
 * By how much clocks change on the date that it is in the zone; 0: they do not. A change at midnight is the new date's.
 * @param {string} tz @param {number} atMs
 */
export function changeOn(tz, atMs) {
  const midnight = Math.floor(wallOf(tz, atMs) / DAY_MS) * DAY_MS - offsetOf(tz, atMs);
  return offsetOf(tz, midnight + 22.5 * HOUR_MS) - offsetOf(tz, midnight - 1.5 * HOUR_MS);
}

/**
 * All times after `fromMs` and before `toMs` at which it has to be due: one that does not exist as much later, one that
 * comes twice the first time, unless its hours go by hours that pass.
 * @param {Pick<import('./targets.mjs').SimTarget, 'tz' | 'at' | 'hourly'>} schedule
 * @param {number} fromMs @param {number} toMs
 */
export function dueTimes({ tz, at, hourly }, fromMs, toMs) {
  /** @type {Set<number>} */
  const due = new Set();
  for (let day = Math.floor(fromMs / DAY_MS) * DAY_MS - DAY_MS; day <= toMs + DAY_MS; day += DAY_MS) {
    if (at.weekdays !== undefined && !at.weekdays.includes(new Date(day).getUTCDay())) continue;
    for (const hour of at.hours) {
      const wall = day + hour * HOUR_MS + at.minute * MINUTE_MS;
      const shown = OFFSETS.map((offset) => wall - offset).filter((ms) => wallOf(tz, ms) === wall);
      const times = shown.length === 0 ? [wall - offsetOf(tz, wall - DAY_MS)] : shown;
      for (const ms of hourly ? times : [Math.min(...times)]) if (ms > fromMs && ms < toMs) due.add(ms);
    }
  }
  return [...due].sort((a, b) => a - b);
}
