// @ts-check
/** Forty targets whose schedules are awkward: at the hours when clocks change, in zones that do so on other dates or never. */

const HOUR_MS = 3_600_000;

/**
 * @typedef {object} SimTarget
 * @property {string} name
 * @property {string} tz
 * @property {{ minute: number, hours: number[], weekdays?: number[] }} at 0: Sunday
 * @property {string} cron the same
 * @property {boolean} hourly its hours go by hours that pass
 * @property {'skip' | 'queue' | 'cancel'} overlap
 * @property {'run' | 'skip'} missed
 * @property {number} takesMs a batch, on the clock
 */

/** With `short` names for those of their targets. */
const ZONES = {
  berlin: 'Europe/Berlin',
  london: 'Europe/London',
  azores: 'Atlantic/Azores',
  beirut: 'Asia/Beirut',
  newyork: 'America/New_York',
  havana: 'America/Havana',
  santiago: 'America/Santiago',
  sydney: 'Australia/Sydney',
  lordhowe: 'Australia/Lord_Howe',
  chatham: 'Pacific/Chatham',
  tokyo: 'Asia/Tokyo',
  kolkata: 'Asia/Kolkata',
  kathmandu: 'Asia/Kathmandu',
  cairo: 'Africa/Cairo',
  losangeles: 'America/Los_Angeles',
  utc: 'UTC',
};

/** @param {string} zone @param {number} hour @param {number} minute @param {Partial<SimTarget>} [more] @returns {SimTarget} */
function daily(zone, hour, minute, more = {}) {
  const tz = ZONES[/** @type {keyof typeof ZONES} */ (zone)];
  const name = `${zone}-${String(hour).padStart(2, '0')}${String(minute).padStart(2, '0')}`;
  const at = { minute, hours: [hour] };
  const cron = `${minute} ${hour} * * *`;
  return {
    ...{ name, tz, at, cron, hourly: false, overlap: 'skip', missed: 'run', takesMs: 40 * 60_000 },
    ...more,
  };
}

/** Those first that the short form keeps. @type {SimTarget[]} */
const all = [
  daily('berlin', 2, 30),
  daily('beirut', 0, 30),
  daily('sydney', 2, 30),
  daily('utc', 2, 30),
  daily('berlin', 3, 0, { name: 'long-skip', overlap: 'skip', takesMs: 30 * HOUR_MS }),
  daily('berlin', 3, 0, { name: 'long-queue', overlap: 'queue', takesMs: 30 * HOUR_MS }),
  daily('berlin', 3, 0, { name: 'long-cancel', overlap: 'cancel', takesMs: 30 * HOUR_MS }),
  daily('berlin', 4, 15, { name: 'let-go', missed: 'skip' }),
  {
    ...daily('berlin', 0, 0, { name: 'sundays-2h', hourly: true, takesMs: 20 * 60_000 }),
    at: { minute: 0, hours: [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22], weekdays: [0] },
    cron: '0 */2 * * 0',
  },
  {
    ...daily('berlin', 3, 0, { name: 'mondays' }),
    at: { minute: 0, hours: [3], weekdays: [1] },
    cron: '0 3 * * 1',
  },
  {
    ...daily('berlin', 0, 0, { name: 'four-a-day', hourly: true }),
    at: { minute: 5, hours: [0, 6, 12, 18] },
    cron: '5 */6 * * *',
  },
  daily('newyork', 3, 0, { name: 'newyork-long', overlap: 'queue', takesMs: 26 * HOUR_MS }),
  daily('havana', 0, 15, { name: 'havana-let-go', missed: 'skip' }),
  ...Object.keys(ZONES)
    .filter((zone) => zone !== 'berlin' && zone !== 'utc' && zone !== 'sydney')
    .map((zone) => daily(zone, 2, 30)),
  ...Object.keys(ZONES)
    .filter((zone) => zone !== 'beirut' && zone !== 'utc')
    .map((zone) => daily(zone, 0, 30)),
];

/** @param {number} [count] @returns {SimTarget[]} */
export function targetsOf(count = all.length) {
  return all.slice(0, count);
}

/** @param {SimTarget} target */
export function codeOf({ name, cron, tz, overlap, missed }) {
  return `import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: '${name}',
  schema: z.object({ id: z.string() }),
  key: ['id'],
  discover: ['https://shop.example/'],
  fields: { fields: { id: '@id' } },
  schedule: { cron: '${cron}', tz: '${tz}', overlap: '${overlap}', missed: '${missed}' },
});
`;
}
