// @ts-check
/** C: three processes keep to the limit of one. */
import { farmClient } from '../clients/farm.mjs';
import { measure } from '../measure.mjs';
import { RUN_HEAD, rowOf } from '../report.mjs';
import { median } from '../sweep.mjs';

const PROCESSES = 3;
const REFUSED_SHARE = 0.01;
const AS_MUCH = 1.15;
/** A page more than the law's own last look up. */
const PEAK_OVER = 2;

/**
 * @param {import('../main.mjs').Bench} bench
 * @param {import('../forms.mjs').Form} form
 */
export async function workersPart({ report, pages: asked, rounds, capS }, form) {
  const pages = asked ?? form.pages;
  report.section(`${PROCESSES} worker processes at once, ${pages} pages`);
  /** @type {import('../measure.mjs').Run[]} */
  const one = [];
  /** @type {import('../measure.mjs').Run[]} */
  const several = [];
  for (let round = 0; round < rounds; round++)
    for (const [processes, runs] of /** @type {const} */ ([
      [1, one],
      [PROCESSES, several],
    ])) {
      const name = processes === 1 ? 'one process' : `${processes} processes`;
      runs.push(await measure(farmClient({ name, processes }), { target: form.target, pages, capS }));
    }
  report.table(RUN_HEAD, [...one, ...several].map(rowOf));
  const of = (/** @type {'refusedShare' | 'peak' | 'mean' | 'seconds'} */ what) =>
    [one, several].map((runs) => median(runs.map(({ figures }) => figures[what])));
  const [peakOfOne = 0, peak = 0] = of('peak');
  const [meanOfOne = 0, mean = 0] = of('mean');
  const [secondsOfOne = 0, seconds = 0] = of('seconds');
  const refused = Math.max(...several.map(({ figures }) => figures.refusedShare));
  report.check(
    'under 1 % of the answers are 429',
    refused < REFUSED_SHARE,
    `${(refused * 100).toFixed(2)} %`,
  );
  report.check(
    `in flight at the peak at most ${PEAK_OVER} more than with one process`,
    peak <= peakOfOne + PEAK_OVER,
    `${peak} to ${peakOfOne}`,
  );
  report.check(
    `in flight on average at most ${AS_MUCH} times that of one process`,
    mean <= meanOfOne * AS_MUCH,
    `${mean.toFixed(2)} to ${meanOfOne.toFixed(2)}`,
  );
  report.check(
    `at most ${AS_MUCH} times as long`,
    seconds <= secondsOfOne * AS_MUCH,
    `${seconds.toFixed(1)} s to ${secondsOfOne.toFixed(1)} s`,
  );
}
