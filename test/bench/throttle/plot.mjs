// @ts-check
/** Runs over time as a Vega-Lite specification: for each client its limit and what was in flight, and response times. */
import { startOf, stretchesOf } from './figures.mjs';

/** @typedef {import('./measure.mjs').Run & { marks?: readonly number[] }} Drawn with moments marked, seconds from the first request */

const POINTS = 75;
const WIDTH = 250;
const COLUMNS = 3;
const BLUE = '#2f6fb5';
const RED = '#c8452d';
const GREY = '#8a8a8a';

/**
 * @param {readonly Drawn[]} runs
 * @param {string} title
 * @returns {object}
 */
export function plotOf(runs, title) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    title: {
      text: title,
      subtitle: 'blue: requests in flight · red: the limit that the client sets itself · black ticks: 429',
      anchor: 'start',
      fontSize: 13,
      subtitleFontSize: 10,
      offset: 12,
    },
    concat: runs.map(panelOf),
    columns: COLUMNS,
    spacing: 24,
    config: {
      aria: false,
      view: { stroke: '#dddddd' },
      axis: { gridColor: '#eeeeee', labelFontSize: 9, titleFontSize: 9 },
    },
  };
}

/** @param {Drawn} run */
function panelOf({ name, log, limits, marks = [] }) {
  const fromMs = startOf(log);
  const untilMs = log.reduce((last, { atMs, ms }) => Math.max(last, atMs + ms), fromMs + 1);
  const stretches = stretchesOf(log, { stretchMs: (untilMs - fromMs) / POINTS, fromMs, untilMs });
  const data = stretches.map(({ at, inFlight, responseMs, refused }) => ({
    at: round(at),
    inFlight: round(inFlight),
    responseMs: responseMs === null ? null : Math.round(responseMs),
    refused,
  }));
  const limit = limitsOf(limits, { fromMs, untilMs });
  const x = (/** @type {string | null} */ title) => ({
    field: 'at',
    type: 'quantitative',
    axis: { title, tickCount: 6, grid: false, ...(title === null ? { labels: false } : {}) },
    scale: { domain: [0, round((untilMs - fromMs) / 1_000)] },
  });
  const y = (/** @type {string} */ field, /** @type {string} */ title) => ({
    field,
    type: 'quantitative',
    axis: { title, tickCount: 4 },
  });
  const ruled = {
    data: { values: marks.map((at) => ({ at: round(at) })) },
    mark: { type: 'rule', color: GREY, strokeDash: [3, 3] },
  };
  return {
    spacing: 4,
    title: { text: name, fontSize: 11, fontWeight: 'normal', anchor: 'start' },
    vconcat: [
      {
        width: WIDTH,
        height: 100,
        layer: [
          {
            data: { values: data },
            mark: { type: 'area', color: BLUE, opacity: 0.35, line: { color: BLUE, strokeWidth: 1 } },
            encoding: { x: x(null), y: y('inFlight', 'in flight · limit') },
          },
          {
            data: { values: limit },
            mark: { type: 'line', interpolate: 'step-after', color: RED, strokeWidth: 1.2 },
            encoding: { x: x(null), y: y('limit', 'in flight · limit') },
          },
          {
            data: { values: data.filter(({ refused }) => refused > 0).map(({ at }) => ({ at })) },
            mark: { type: 'tick', color: 'black', size: 6, thickness: 1.5 },
            encoding: { x: x(null), y: { value: 4 } },
          },
          { ...ruled, encoding: { x: x(null) } },
        ],
      },
      {
        width: WIDTH,
        height: 60,
        layer: [
          {
            data: { values: data.filter(({ responseMs }) => responseMs !== null) },
            mark: { type: 'line', color: '#444444', strokeWidth: 1 },
            encoding: { x: x('seconds'), y: y('responseMs', 'response, ms') },
          },
          { ...ruled, encoding: { x: x('seconds') } },
        ],
      },
    ],
  };
}

/**
 * As many points as the panel can show, the limit that stood last in each.
 * @param {Drawn['limits']} limits
 * @param {{ fromMs: number, untilMs: number }} span
 */
function limitsOf(limits, { fromMs, untilMs }) {
  const first = limits.findLast(({ atMs }) => atMs <= fromMs) ?? limits[0];
  if (first === undefined) return [];
  /** @type {Map<number, number>} */
  const points = new Map([[0, first.limit]]);
  const stepS = (untilMs - fromMs) / 1_000 / POINTS;
  for (const { atMs, limit } of limits) {
    const at = (atMs - fromMs) / 1_000;
    if (at > 0 && atMs < untilMs) points.set(Math.ceil(at / stepS) * stepS, limit);
  }
  const last = [...points.values()].at(-1) ?? first.limit;
  points.set((untilMs - fromMs) / 1_000, last);
  return [...points].map(([at, limit]) => ({ at: round(at), limit: round(limit) }));
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 100) / 100;
}
