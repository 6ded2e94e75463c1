// @ts-check
/** What many rounds say together: medians, and ratios of two cases that ran in the same round. Pure. */
import { median } from '../throttle/sweep.mjs';

/** @typedef {import('./rounds.mjs').RoundRun} RoundRun */
/** @typedef {import('./course.mjs').Kind} Kind */
/** @typedef {import('./course.mjs').Lane} Lane */

/** @typedef {{ contender: string, kind: Kind, lane: Lane }} CaseName */
/** @typedef {{ median: number, low: number, high: number, rounds: number }} Spread */

/** @param {readonly number[]} values @returns {Spread} */
export function spreadOf(values) {
  return {
    median: median(values),
    low: Math.min(...values),
    high: Math.max(...values),
    rounds: values.length,
  };
}

/** @param {readonly RoundRun[]} runs @param {CaseName} name @returns {RoundRun[]} */
export function runsOf(runs, { contender, kind, lane }) {
  return runs.filter((run) => run.contender === contender && run.kind === kind && run.lane === lane);
}

/**
 * @param {readonly RoundRun[]} runs
 * @param {{ of: CaseName, to: CaseName, by: (run: RoundRun) => number }} what
 * @returns {Spread | undefined} undefined when no round has both
 */
export function ratioOf(runs, { of, to, by }) {
  const others = new Map(runsOf(runs, to).map((run) => [run.round, by(run)]));
  const ratios = runsOf(runs, of).flatMap((run) => {
    const other = others.get(run.round);
    return other === undefined ? [] : [by(run) / other];
  });
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

/** @param {RoundRun} run */
export function rateOf({ warm }) {
  return warm.pagesPerSecond;
}

/** @param {RoundRun} run ms a page, all of its processes */
export function cpuOf({ warm }) {
  return warm.cpuMs.browser + warm.cpuMs.node;
}

/** @param {Spread | undefined} ratio */
export function spreadText(ratio) {
  if (ratio === undefined) return '-';
  const { median: middle, low, high, rounds } = ratio;
  return rounds === 1 ? middle.toFixed(2) : `${middle.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
