// @ts-check
/** A simulated week for people: what ran when, and whether all is as it has to be. */
import { changeOn, clockOf } from './wall-clock.mjs';

/** @typedef {import('./simulate.mjs').Night} Night */
/** @typedef {import('./simulate.mjs').Week} Week */

const HEAD = ['target', 'due, in its zone', 'zone', 'begun, UTC', 'date', 'why'];

/** As Markdown. @param {Week} week @param {{ brief: boolean }} how */
export function tableOf(week, { brief }) {
  const lines = [HEAD];
  for (const { name, tz } of week.targets) {
    const nights = week.nights.filter(({ target }) => target === name).sort((a, b) => a.dueMs - b.dueMs);
    const shown = nights.filter(
      (night) => !brief || night.why !== 'on time' || changeOn(tz, night.dueMs) !== 0,
    );
    for (const night of shown) lines.push(lineOf(night, tz));
    const rest = nights.length - shown.length;
    if (rest > 0) lines.push([name, `${rest}${shown.length > 0 ? ' more' : ''}`, tz, '', '', 'on time']);
  }
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const row = (/** @type {string[]} */ line) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...rest] = lines;
  return [row(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest.map(row)].join(
    '\n',
  );
}

/** @param {Night} night @param {string} tz */
function lineOf({ target, dueMs, begunMs, date = '', why, missed, more }, tz) {
  const begun = begunMs === undefined ? '' : new Date(begunMs).toISOString().replace('T', ' ').slice(0, 19);
  return [target, clockOf(tz, dueMs), tz, begun, date, wordsOf({ why, missed, more }, changeOn(tz, dueMs))];
}

/** @param {Pick<Night, 'why' | 'missed' | 'more'>} night @param {number} changeMs */
function wordsOf({ why, missed, more }, changeMs) {
  const minutes = Math.abs(changeMs) / 60_000;
  return [
    why,
    ...(missed && why !== 'late once' && why !== 'let go' ? ['when a worker was there again'] : []),
    ...(more > 0 ? [`for ${more + 1} times`] : []),
    ...(changeMs === 0 ? [] : [`clocks go ${changeMs > 0 ? 'forward' : 'back'} ${minutes} min`]),
  ].join(', ');
}

/** How many of each kind. @param {Week} week */
export function countsOf({ nights }) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { why } of nights) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, count]) => `${count} ${why}`).join(', ');
}

/** @param {readonly import('./checks.mjs').Check[]} checks */
export function verdictsOf(checks) {
  return checks
    .flatMap(({ name, of, failures }) => [
      `${failures.length === 0 ? 'PASS' : 'FAIL'}  ${name} (${of})`,
      ...failures.slice(0, 5).map((failure) => `      ${failure}`),
    ])
    .join('\n');
}
