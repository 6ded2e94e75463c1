// @ts-check
/** The runs as a Vega-Lite specification: pages a second with every round's, and the CPU that a page takes. */
import { CONTENDERS } from './contenders/contenders.mjs';
import { runsOf } from './figures.mjs';
import { nameOf } from './tell.mjs';

/** @typedef {import('./rounds.mjs').RoundRun} RoundRun */

const BLUE = '#2f6fb5';
const GREY = '#9a9a9a';
const RED = '#c8452d';
const STEP = 17;
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
  const values = /** @type {const} */ (['soft', 'load']).flatMap((lane) =>
    CONTENDERS.flatMap(({ id }) =>
      runsOf(all, { contender: id, kind, lane }).map(({ warm }) => ({
        name: `${nameOf(id)}, ${lane}`,
        side: id === 'farm' ? 'this farm' : 'others',
        rate: round(warm.pagesPerSecond),
        browser: round(warm.cpuMs.browser),
        node: round(warm.cpuMs.node),
      })),
    ),
  );
  const order = [...new Set(values.map(({ name }) => name))];
  const y = (/** @type {boolean} */ labelled) => ({
    field: 'name',
    type: 'nominal',
    sort: order,
    axis: { title: null, labels: labelled, ticks: false, domain: false },
  });
  const x = (/** @type {string} */ field, /** @type {string} */ title, aggregate = 'median') => ({
    ...{ field, type: 'quantitative', axis: { title, tickCount: 6 } },
    ...(aggregate === '' ? {} : { aggregate }),
  });
  const height = { step: STEP };
  return {
    title: { text: TITLES[kind], fontSize: 11, fontWeight: 'normal', anchor: 'start' },
    data: { values },
    hconcat: [
      {
        ...{ width: 270, height },
        layer: [
          {
            mark: { type: 'bar', opacity: 0.75 },
            encoding: {
              y: y(true),
              x: x('rate', 'pages a second'),
              color: {
                field: 'side',
                type: 'nominal',
                scale: { domain: ['this farm', 'others'], range: [BLUE, GREY] },
                legend: null,
              },
            },
          },
          {
            mark: { type: 'point', filled: true, size: 12, color: 'black' },
            encoding: { y: y(true), x: x('rate', 'pages a second', '') },
          },
        ],
      },
      {
        ...{ width: 230, height },
        transform: [{ fold: ['browser', 'node'], as: ['where', 'ms'] }],
        mark: { type: 'bar', opacity: 0.75 },
        encoding: {
          y: y(false),
          x: { ...x('ms', 'CPU ms a page'), stack: 'zero' },
          color: {
            field: 'where',
            type: 'nominal',
            scale: { domain: ['browser', 'node'], range: [GREY, RED] },
            legend: { title: null, orient: 'top' },
          },
        },
      },
    ],
    resolve: { scale: { color: 'independent' } },
  };
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
