// @ts-check
/** Rounds in which every case has its turn, each round beginning with another one. */
import { runsOf } from './figures.mjs';
import { measure } from './measure.mjs';

/** @typedef {import('./plan.mjs').Case} Case */
/** @typedef {import('./measure.mjs').Run} Run */

/** @typedef {Run & { round: number }} RoundRun */

/**
 * @typedef {object} Rounds
 * @property {number} rounds
 * @property {number} from the first one's number
 * @property {readonly RoundRun[]} before runs of earlier rounds
 * @property {Record<import('./course.mjs').Lane, number>} concurrency
 * @property {string} executablePath
 * @property {import('./shop-process.mjs').ShopProcess} shop
 * @property {(said: string) => void} progress
 */

const CAP_S = 240;

/**
 * A case that fails is told and has no run; the others go on.
 * @param {readonly Case[]} cases
 * @param {Rounds} how
 * @returns {Promise<{ runs: RoundRun[], failures: string[] }>}
 */
export async function runRounds(
  cases,
  { rounds, from, before, concurrency, executablePath, shop, progress },
) {
  /** @type {RoundRun[]} */
  const runs = [];
  /** @type {string[]} */
  const failures = [];
  for (let round = from; round < from + rounds; round++) {
    progress(`round ${round + 1}`);
    const first = (round * 3) % Math.max(1, cases.length);
    for (const { contender, kind, lane, pages, warmUp } of [
      ...cases.slice(first),
      ...cases.slice(0, first),
    ]) {
      const name = `${contender.name}, ${kind}, ${lane}`;
      const farm = runsOf([...before, ...runs], { contender: 'farm', kind, lane }).at(-1);
      const asFarm = contender.concurrency === 'farm' && farm !== undefined;
      const assignment = {
        kind,
        lane,
        pages,
        warmUp,
        concurrency: asFarm ? Math.max(1, Math.round(farm.inFlight)) : concurrency[lane],
        executablePath,
        capS: CAP_S,
      };
      try {
        const run = await measure(contender, assignment, shop);
        runs.push({ ...run, round });
        progress(`  ${name}: ${said(run)}`);
      } catch (error) {
        const problem = `${name}: ${error instanceof Error ? error.message : String(error)}`;
        failures.push(problem);
        progress(`  FAILED ${problem}`);
      }
    }
  }
  return { runs, failures };
}

/** @param {Run} run */
export function said({ warm, firstRowMs }) {
  const { pagesPerSecond, cpuMs } = warm;
  return `${pagesPerSecond.toFixed(1)} pages/s, CPU ${cpuMs.browser.toFixed(0)} + ${cpuMs.node.toFixed(0)} ms a page, first row after ${(firstRowMs / 1_000).toFixed(1)} s`;
}
