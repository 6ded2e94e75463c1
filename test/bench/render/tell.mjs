// @ts-check
/** The runs as tables, and whether they show what this farm promises. */
import { median } from '../throttle/sweep.mjs';
import { CONTENDERS } from './contenders/contenders.mjs';
import { cpuOf, rateOf, ratioOf, runsOf, spreadOf, spreadText } from './figures.mjs';

/** @typedef {import('./figures.mjs').CaseName} CaseName */
/** @typedef {import('./rounds.mjs').RoundRun} RoundRun */
/** @typedef {import('./course.mjs').Kind} Kind */
/** @typedef {import('../throttle/report.mjs').Report} Report */

const TITLES = { detail: 'Product pages', list: 'Listing pages' };
/** Both lanes of the farm, of one that knows soft navigation, and of all others. */
const LANES = /** @type {const} */ (['load', 'soft']);

const HEAD = [
  'contender',
  'pages/s',
  'from to',
  'CPU ms a page: browser',
  'Node',
  'page ms p50',
  'p95',
  'p99',
  'PSS peak, MB',
  'first row, s',
  'pages/s, cold',
  'requests a page',
  'KB a page',
  'pages in flight',
  'pages',
];

/** @param {Report} report @param {readonly RoundRun[]} runs */
export function tell(report, runs) {
  for (const kind of /** @type {const} */ (['detail', 'list'])) {
    const ofKind = runs.filter((run) => run.kind === kind);
    if (ofKind.length === 0) continue;
    const rounds = new Set(ofKind.map(({ round }) => round)).size;
    report.section(`${TITLES[kind]}, medians of ${rounds} rounds`);
    report.table(
      HEAD,
      LANES.flatMap((lane) => CONTENDERS.flatMap(({ id }) => rowOf(runs, { contender: id, kind, lane }))),
    );
    tellRatios(report, runs, kind);
  }
}

/** @param {readonly RoundRun[]} all @param {CaseName} name @returns {(string | number)[][]} */
function rowOf(all, name) {
  const runs = runsOf(all, name);
  if (runs.length === 0) return [];
  const of = (/** @type {(run: RoundRun) => number} */ by) => median(runs.map(by));
  const rate = spreadOf(runs.map(rateOf));
  const { concurrency, inFlight, warm } = /** @type {RoundRun} */ (runs.at(-1));
  return [
    [
      `${nameOf(name.contender)}, ${name.lane}`,
      rate.median.toFixed(1),
      `${rate.low.toFixed(1)} to ${rate.high.toFixed(1)}`,
      of((run) => run.warm.cpuMs.browser).toFixed(0),
      of((run) => run.warm.cpuMs.node).toFixed(1),
      of((run) => run.pageMs.p50).toFixed(0),
      of((run) => run.pageMs.p95).toFixed(0),
      of((run) => run.pageMs.p99).toFixed(0),
      of((run) => run.pssMb.peak).toFixed(0),
      (of((run) => run.firstRowMs) / 1_000).toFixed(1),
      of((run) => run.cold.pagesPerSecond).toFixed(1),
      of((run) => run.requests).toFixed(1),
      (of((run) => run.bytes) / 1_000).toFixed(1),
      concurrency === 0 ? `own, ${inFlight.toFixed(1)}` : concurrency,
      warm.pages,
    ],
  ];
}

/** @param {Report} report @param {readonly RoundRun[]} runs @param {Kind} kind */
function tellRatios(report, runs, kind) {
  const rows = LANES.flatMap((lane) => {
    const of = { contender: 'farm', kind, lane };
    return LANES.flatMap((otherLane) =>
      CONTENDERS.flatMap(({ id, isPeer }) => {
        const to = { contender: id, kind, lane: otherLane };
        const rate = ratioOf(runs, { of, to, by: rateOf });
        const isSame = id === 'farm' && lane === otherLane;
        if (rate === undefined || isSame || (lane !== otherLane && !isPeer)) return [];
        const cpu = ratioOf(runs, { of, to, by: cpuOf });
        return [[`farm, ${lane}, to ${nameOf(id)}, ${otherLane}`, spreadText(rate), spreadText(cpu)]];
      }),
    );
  });
  if (rows.length > 0) report.table(['ratio within a round, and its spread', 'pages/s', 'CPU a page'], rows);
}

/**
 * What is promised for product pages on two cores.
 * @param {Report} report
 * @param {readonly RoundRun[]} runs
 */
export function judge(report, runs) {
  const named = (/** @type {string} */ contender, /** @type {'load' | 'soft'} */ lane) =>
    /** @type {CaseName} */ ({ contender, kind: 'detail', lane });
  const load = named('farm', 'load');
  const soft = named('farm', 'soft');
  /** @param {string} what @param {CaseName} of @param {CaseName} to @param {number} least */
  const atLeast = (what, of, to, least) => {
    const ratio = ratioOf(runs, { of, to, by: rateOf });
    if (ratio !== undefined)
      report.check(`${what}: at least ${least} times the pages/s`, ratio.median >= least, spreadText(ratio));
  };
  atLeast("load, to Crawlee's defaults", load, named('crawlee', 'load'), 5);
  atLeast('load, to puppeteer-cluster (page)', load, named('cluster-page', 'load'), 3);
  atLeast('load, to the loop on Playwright', load, named('playwright', 'load'), 0.95);
  atLeast('load, to the loop on raw CDP', load, named('cdp', 'load'), 0.75);
  const cpu = ratioOf(runs, { of: load, to: named('playwright', 'load'), by: cpuOf });
  if (cpu !== undefined)
    report.check(
      'load, to the loop on Playwright: at most 1.1 times the CPU a page',
      cpu.median <= 1.1,
      spreadText(cpu),
    );
  atLeast("soft, to Crawlee's defaults", soft, named('crawlee', 'load'), 14);
  atLeast('soft, to the loop on Playwright', soft, named('playwright', 'soft'), 0.8);
  const ours = runsOf(runs, load);
  const pools = new Map(runsOf(runs, named('pool', 'load')).map((run) => [run.round, run.warm.cpuMs.node]));
  const owns = ours.flatMap(({ round, warm }) => {
    const pool = pools.get(round);
    return pool === undefined ? [] : [warm.cpuMs.node - pool];
  });
  if (owns.length > 0) {
    const { median: own, low, high } = spreadOf(owns);
    report.check(
      "the farm's own cost, load: at most 5 ms of CPU a page beyond its pool's, with as many pages in flight",
      own <= 5,
      `${own.toFixed(1)} ms (${low.toFixed(1)} to ${high.toFixed(1)})`,
    );
  }
  if (ours.length > 0) {
    const seconds = median(ours.map(({ firstRowMs }) => firstRowMs)) / 1_000;
    report.check('the first row within 3 s of `thresh run`', seconds <= 3, `${seconds.toFixed(1)} s`);
  }
}

/** @param {string} id */
export function nameOf(id) {
  return CONTENDERS.find((contender) => contender.id === id)?.name ?? id;
}
