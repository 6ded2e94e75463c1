// @ts-check
/** What the figures of the three ways say. */

/** Bounds of what the lane must show. */
const MOST_BEHIND = 1.3;
const LEAST_AHEAD = 20;

/**
 * @param {import('../throttle/report.mjs').Report} report
 * @param {import('./ways.mjs').Ways} ways
 * @param {{ inFlight: number, latencyMs: number, isJudged: boolean }} how
 */
export function tellWays(report, { render, auto, bare, rows, differing, renderedDiffering }, how) {
  const line = (/** @type {string} */ name, /** @type {import('./ways.mjs').Way} */ way) => [
    name,
    way.pages,
    way.pagesPerSecond.toFixed(1),
    way.cpuMs.toFixed(2),
    `${(way.pagesPerSecond / render.pagesPerSecond).toFixed(1)}`,
  ];
  report.say(
    `The demo shop's product pages, of two JSON answers each, ${how.latencyMs} ms an answer, ${how.inFlight} pages at once at the shop. The farm's rates are of the whole time in which it fetches, learning, samples and comparisons at the end included; CPU is that of its processes, browsers included, without its Redis and the shop. The render lane had the first ${render.pages} pages alone. The bare loop parses the answers and keeps nothing; the better of two runs.`,
  );
  report.table(
    ['way', 'pages', 'pages/s', 'CPU ms a page', 'times the render lane'],
    [line('render lane', render), line('auto lane', auto), line('bare loop', bare)],
  );
  const { fetched = 0, rendered = 0, renderedFor = {}, compared = 0 } = auto.lane ?? {};
  const why = Object.entries(renderedFor)
    .map(([name, pages]) => `${name} ${pages}`)
    .join(', ');
  report.say(
    `Of the auto lane's pages ${fetched} were fetched and ${rendered} rendered (${why}); ${compared} comparisons were good.`,
  );
  const behind = bare.pagesPerSecond / auto.pagesPerSecond;
  const ahead = auto.pagesPerSecond / render.pagesPerSecond;
  report.check(
    'the auto lane gives what the answers say',
    differing === 0,
    `${differing} of ${rows} rows differ`,
  );
  report.check('the render lane gives the same rows', renderedDiffering === 0, `${renderedDiffering} differ`);
  if (!how.isJudged) return;
  report.check(`within ${MOST_BEHIND} times of the bare loop`, behind <= MOST_BEHIND, `${behind.toFixed(2)}`);
  report.check(`at least ${LEAST_AHEAD} times the render lane`, ahead >= LEAST_AHEAD, `${ahead.toFixed(1)}`);
}
