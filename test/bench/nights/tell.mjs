// @ts-check
/** What the figures of the nights say. */

const TITLES = {
  lastmod: 'Pages of an application, by `lastmod`',
  document: 'Pages whose rows stand in their document, by its ETag',
};
/** An incremental night asks for what changed, the sample, and a little: by documents once more for every page, without a body. */
const MOST_RENDERED = 0.1;
const MOST_SHARE = { lastmod: 0.1, document: 0.5 };

/**
 * @param {import('../throttle/report.mjs').Report} report
 * @param {import('./nights.mjs').Nights} nights
 * @param {{ pages: number, every: number, isJudged: boolean }} how
 */
export function tellNights(report, { by, first, incremental, full, rows, differing, changed }, how) {
  report.section(TITLES[by]);
  const line = (/** @type {string} */ name, /** @type {import('./nights.mjs').Night} */ night) => [
    name,
    night.rendered,
    night.incremental?.carried ?? 0,
    night.requests,
    night.notModified,
    night.seconds.toFixed(1),
    night.cpuSeconds.toFixed(1),
  ];
  report.table(
    ['night', 'pages rendered', 'carried over', 'requests', 'answered 304', 'seconds', 'CPU seconds'],
    [
      line('the first, full', first),
      line('incremental', incremental),
      line("full, of the same day, `lane: 'auto'`", full),
    ],
  );
  const { rendered } = incremental;
  const { compared = 0, full: why = '' } = incremental.incremental ?? {};
  report.say(
    `Of ${how.pages} pages one in ${how.every} has another price than in the first night; ${compared} unchanged pages were rendered as well and gave what they had given.`,
  );
  report.check(
    'the incremental night delivers what the full one does',
    differing === 0 && rows > 0,
    `${differing} of ${rows} rows differ`,
  );
  report.check('prices did change, and it has them', changed > 0, `${changed} rows are others than before`);
  if (why !== '') report.check('it is incremental', false, why);
  if (!how.isJudged) return;
  const share = (/** @type {number} */ part, /** @type {number} */ whole) =>
    `${((part / whole) * 100).toFixed(1)} %`;
  report.check(
    `at most ${MOST_RENDERED * 100} % of the pages are rendered`,
    rendered <= how.pages * MOST_RENDERED,
    share(rendered, how.pages),
  );
  report.check(
    `at most ${MOST_SHARE[by] * 100} % of the CPU of the first night`,
    incremental.cpuSeconds <= first.cpuSeconds * MOST_SHARE[by],
    share(incremental.cpuSeconds, first.cpuSeconds),
  );
}
