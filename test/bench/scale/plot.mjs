// @ts-check
/** A night over time as a Vega-Lite specification: pages a second, the memory of each process, that of Redis. */

/** @typedef {import('./night.mjs').Night} Night */

const WIDTH = 520;
const POINTS = 200;
const BLUE = '#2f6fb5';
const RED = '#c8452d';
const GREY = '#8a8a8a';
const RANGE = [BLUE, '#3a9a8f', '#b5892f', '#7d5ab5', '#5f6f7f', '#b54f8a'];

/** @param {Night} night @param {string} title @returns {object} */
export function plotOf({ options, watched }, title) {
  const { looks, killed, seconds } = watched;
  const x = (/** @type {string | null} */ name) => ({
    field: 'at',
    type: 'quantitative',
    axis: { title: name, tickCount: 8, grid: false, ...(name === null ? { labels: false } : {}) },
    scale: { domain: [0, Math.ceil(seconds)], nice: false },
  });
  const y = (/** @type {string} */ field, /** @type {string} */ name) => ({
    field,
    type: 'quantitative',
    axis: { title: name, tickCount: 4 },
    scale: { zero: true },
  });
  const line = (/** @type {string} */ color) => ({ type: 'line', color, strokeWidth: 1.3 });
  const kill = {
    data: { values: killed === undefined ? [] : [{ at: round(killed.atSeconds) }] },
    mark: { type: 'rule', color: GREY, strokeDash: [3, 3] },
  };
  const panel = (/** @type {object} */ drawn, /** @type {object} */ over) => ({
    width: WIDTH,
    height: 90,
    layer: [drawn, { ...kill, encoding: { x: over } }],
  });
  const memory = looks.flatMap(({ seconds: at, processes }) =>
    processes.map(({ name, rssMb }) => ({ at: round(at), process: name, mb: round(rssMb) })),
  );
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    title: {
      text: title,
      subtitle: `${options.pages.toLocaleString('en')} pages, ${options.workers} workers in ${options.processes} processes; dashed: the process with the batch is killed`,
      anchor: 'start',
      fontSize: 13,
      subtitleFontSize: 10,
    },
    spacing: 8,
    vconcat: [
      panel(
        {
          data: { values: paceOf(watched) },
          mark: line(BLUE),
          encoding: { x: x(null), y: y('pace', 'pages a second') },
        },
        x(null),
      ),
      panel(
        {
          data: { values: memory },
          mark: { type: 'line', strokeWidth: 1.3 },
          encoding: {
            x: x(null),
            y: y('mb', 'RSS of a process, MB'),
            color: {
              field: 'process',
              type: 'nominal',
              scale: { range: RANGE },
              legend: { orient: 'right' },
            },
          },
        },
        x(null),
      ),
      panel(
        {
          data: { values: looks.map(({ seconds: at, redisMb }) => ({ at: round(at), mb: round(redisMb) })) },
          mark: line(RED),
          encoding: { x: x('seconds'), y: y('mb', 'Redis, MB') },
        },
        x('seconds'),
      ),
    ],
    config: {
      aria: false,
      view: { stroke: '#dddddd' },
      axis: { gridColor: '#eeeeee', labelFontSize: 9, titleFontSize: 9 },
    },
  };
}

/** As many points as the panel can show. @param {Night['watched']} watched */
function paceOf({ pace, seconds }) {
  const step = Math.max(1, seconds / POINTS);
  /** @type {{ at: number, pace: number }[]} */
  const points = [];
  let from = pace[0];
  for (const now of pace) {
    if (from === undefined || now.seconds - from.seconds < step) continue;
    const perSecond = (now.pages - from.pages) / (now.seconds - from.seconds);
    points.push({ at: round(now.seconds), pace: Math.round(perSecond) });
    from = now;
  }
  return points;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
