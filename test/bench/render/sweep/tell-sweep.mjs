// @ts-check
/** Each setting beside the default, in ratios within a round. */
import { median } from '../../throttle/sweep.mjs';
import { cpuOf, rateOf, ratioOf, runsOf, spreadText } from '../figures.mjs';
import { DEFAULT } from './settings.mjs';

/** @typedef {import('../rounds.mjs').RoundRun} RoundRun */

const HEAD = [
  'setting',
  'pages/s',
  'CPU ms a page',
  'pages/s to the default',
  'CPU a page to it',
  'PSS peak to it',
  'first row to it',
];

/**
 * @param {import('../../throttle/report.mjs').Report} report
 * @param {readonly RoundRun[]} runs
 * @param {readonly import('./settings.mjs').Setting[]} settings
 */
export function tellSweep(report, runs, settings) {
  for (const kind of /** @type {const} */ (['detail', 'list']))
    for (const lane of /** @type {const} */ (['load', 'soft'])) {
      const to = { contender: DEFAULT, kind, lane };
      const rounds = runsOf(runs, to).length;
      if (rounds === 0) continue;
      report.section(`${kind === 'detail' ? 'Product' : 'Listing'} pages, ${lane}, ${rounds} rounds`);
      const rows = settings.flatMap(({ id, name }) => {
        const of = { contender: id, kind, lane };
        const own = runsOf(runs, of);
        if (own.length === 0) return [];
        const ratio = (/** @type {(run: RoundRun) => number} */ by) =>
          spreadText(ratioOf(runs, { of, to, by }));
        return [
          [
            name,
            median(own.map(rateOf)).toFixed(1),
            median(own.map(cpuOf)).toFixed(0),
            ...(id === DEFAULT
              ? ['1', '1', '1', '1']
              : [
                  ratio(rateOf),
                  ratio(cpuOf),
                  ratio(({ pssMb }) => pssMb.peak),
                  ratio(({ firstRowMs }) => firstRowMs),
                ]),
          ],
        ];
      });
      report.table(HEAD, rows);
    }
}
