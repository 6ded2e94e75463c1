// @ts-check
import { parseArgs } from 'node:util';
import { USAGE } from './usage.mjs';

/**
 * @typedef {object} Options
 * @property {{ from: string, days: number }[]} weeks
 * @property {number | undefined} targets
 * @property {boolean} brief
 * @property {string | undefined} json
 */

const WEEKS = [
  { from: '2026-03-07', days: 7 },
  { from: '2026-03-28', days: 8 },
];

/** Ends the process after --help, and with code 2 for what it does not know. @returns {Options} */
export function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        from: { type: 'string' },
        days: { type: 'string' },
        targets: { type: 'string' },
        brief: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const days = values.days === undefined ? undefined : whole('days', values.days);
    const weeks =
      values.from === undefined
        ? WEEKS.map((week) => ({ ...week, days: days ?? week.days }))
        : values.from.split(',').map((from) => ({ from: date(from), days: days ?? 7 }));
    const targets = values.targets === undefined ? undefined : whole('targets', values.targets);
    return { weeks, targets, brief: values.brief, json: values.json };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** @param {string} name @param {string} text */
function whole(name, text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} is '${text}', no whole number from 1`);
  return value;
}

/** @param {string} text */
function date(text) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new Error(`--from is '${text}', no date like 2026-03-27`);
  return text;
}
