// @ts-check
/** Verdicts in words: a line each while they come in, a Markdown table of all. */
import { KINDS } from './schedule.mjs';

/** @typedef {import('./storm.mjs').Verdict} Verdict */

const COLUMNS = [...KINDS, 's3'];

/** @param {Verdict} verdict */
export function lineOf({ seed, destination, faults, again, mayBeAgain, looks, seconds, problems }) {
  const done = COLUMNS.flatMap((kind) => (faults[kind] ? [`${kind} ${faults[kind]}`] : []));
  return (
    `seed ${seed} to ${destination}: ${done.join(', ') || 'no fault'}; rendered again ${again} of at most ` +
    `${mayBeAgain}; ${looks} looks; ${seconds} s; identical ${yesOrNo(problems)}`
  );
}

/** @param {readonly Verdict[]} verdicts */
export function tableOf(verdicts) {
  const cells = verdicts.map(({ seed, destination, faults, again, mayBeAgain, looks, seconds, problems }) => [
    seed,
    destination,
    ...COLUMNS.map((kind) => faults[kind] ?? 0),
    again,
    mayBeAgain,
    looks,
    seconds,
    yesOrNo(problems),
  ]);
  const head = ['seed', 'to', ...COLUMNS, 'rendered again', 'at most', 'looks', 'seconds', 'identical'];
  const rule = head.map((name) => (name === 'to' || name === 'identical' ? '---' : '---:'));
  return [head, rule, ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** @param {readonly string[]} problems */
function yesOrNo(problems) {
  return problems.length === 0 ? 'yes' : 'no';
}
