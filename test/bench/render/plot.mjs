// @ts-check
/** The runs as a Vega-Lite specification: pages a second with every round's, and the CPU that a page takes. */
import { median } from '../throttle/sweep.mjs';
import { CONTENDERS } from './contenders/contenders.mjs';
import { rateOf, runsOf } from './figures.mjs';
import { nameOf } from './tell.mjs';

/** @typedef {import('./rounds.mjs').RoundRun} RoundRun */

const BLUE = '#2f6fb5';
const GREY = '#9a9a9a';
const RED = '#c8452d';
const STEP = 17;
const SIDES = /** @type {const} */ (['browser', 'node']);
const TITLES = { detail: 'product pages', list: 'listing pages' };

/** @param {readonly RoundRun[]} runs @param {string} title @returns {object} */
export function plotOf(runs, title) {
  const kinds = /** @type {const} */ (['detail', 'list']).filter((kind) =>
    runs.some((run) => run.kind === kind),
  );
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    title: {
      text: title,
      subtitle: 'bars: medians · dots: rounds',
      anchor: 'start',
      fontSize: 13,
      subtitleFontSize: 10,
    },
    vconcat: kinds.map((kind) => panelsOf(runs, kind)),
    spacing: 24,
    config: {
      aria: false,
      view: { stroke: null },
      axis: { gridColor: '#eeeeee', labelFontSize: 9, titleFontSize: 9, labelLimit: 260 },
    },
  };
}

/** @param {readonly RoundRun[]} all @param {'detail' | 'list'} kind */
function panelsOf(all, kind) {
  const cases = /** @type {const} */ (['soft', 'load']).flatMap((lane) =>
    CONTENDERS.map(({ id }) => ({
      name: `${nameOf(id)}, ${lane}`,
      side: id === 'farm' ? 'this farm' : 'others',
      runs: runsOf(all, { contender: id, kind, lane }),
    })).filter(({ runs }) => runs.length > 0),
  );
  const rates = cases.flatMap(({ name, runs }) => runs.map((run) => ({ name, rate: round(rateOf(run)) })));
  const medians = cases.map(({ name, side, runs }) => ({
    name,
    side,
    rate: round(median(runs.map(rateOf))),
  }));
  const cpu = cases.flatMap(({ name, runs }) =>
    SIDES.map((where) => ({ name, where, ms: round(median(runs.map(({ warm }) => warm.cpuMs[where]))) })),
  );
  const y = (/** @type {boolean} */ labels) => ({
    field: 'name',
    type: 'nominal',
    sort: cases.map(({ name }) => name),
    axis: { title: null, labels, labelLimit: 260, ticks: false, domain: false },
  });
  const x = (/** @type {string} */ field, /** @type {string} */ title) => ({
    ...{ field, type: 'quantitative', axis: { title, tickCount: 6 } },
  });
  const bar = { type: 'bar', opacity: 0.75 };
  const height = { step: STEP };
  return {
    title: { text: TITLES[kind], fontSize: 11, fontWeight: 'normal', anchor: 'start' },
    hconcat: [
      {
        ...{ width: 270, height },
        layer: [
          {
            data: { values: medians },
            mark: bar,
            encoding: {
              y: y(true),
              x: x('rate', 'pages a second'),
              color: coloured('side', ['this farm', 'others'], [BLUE, GREY], null),
            },
          },
          {
            data: { values: rates },
            mark: { type: 'point', filled: true, size: 12, color: 'black' },
            encoding: { y: y(true), x: x('rate', 'pages a second') },
          },
        ],
      },
      {
        ...{ width: 230, height, data: { values: cpu }, mark: bar },
        encoding: {
          y: y(false),
          x: x('ms', 'CPU ms a page'),
          color: coloured('where', SIDES, [GREY, RED], { title: null, orient: 'top' }),
        },
      },
    ],
    resolve: { scale: { color: 'independent' } },
  };
}

/** @param {string} field @param {readonly string[]} domain @param {readonly string[]} range @param {object | null} legend */
function coloured(field, domain, range, legend) {
  return { field, type: 'nominal', scale: { domain, range }, legend };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
