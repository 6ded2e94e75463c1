// @ts-check
/** What was measured, in tables, and whether it is what it must be. */
import { median } from '../throttle/sweep.mjs';

/** @typedef {import('./rate.mjs').Rate} Rate */
/** @typedef {import('../throttle/report.mjs').Report} Report */

const PAGES_A_SECOND = 1_850;
const REDIS_BYTES_A_PAGE = 32;
/** What keys cost by themselves is shared by many pages: judged from so many on. */
const PAGES_FOR_MEMORY = 1_000_000;
const CPU_MS_A_PAGE = 5;
const COMMANDS_SHOWN = 12;
const KEYS_SHOWN = 6;

/** @param {Report} report @param {readonly Rate[]} rates @param {{ concurrency: number }} options */
export function tellRates(report, rates, { concurrency }) {
  const counts = [...new Set(rates.map(({ processes }) => processes))];
  const of = (/** @type {number} */ count) => rates.filter(({ processes }) => processes === count);
  report.section('Pages that answer at once');
  report.say(
    `${number(rates[0]?.pages ?? 0)} pages a run, ${concurrency} at once in each process, medians of ${of(counts[0] ?? 0).length} interleaved rounds. CPU in ms a page.`,
  );
  report.table(
    ['processes of the farm', 'pages/s', 'from to', 'CPU: batch', 'worker', 'Redis', 'given up'],
    counts.map((count) => {
      const runs = of(count);
      const speeds = runs.map(({ pagesPerSecond }) => pagesPerSecond);
      const cpu = (/** @type {number} */ at) => median(runs.map(({ nodeMs }) => nodeMs[at] ?? 0)).toFixed(3);
      return [
        count,
        number(median(speeds)),
        `${number(Math.min(...speeds))} to ${number(Math.max(...speeds))}`,
        cpu(0),
        count === 1 ? '' : cpu(1),
        median(runs.map(({ redisMs }) => redisMs)).toFixed(3),
        runs.reduce((sum, { dead }) => sum + dead, 0),
      ];
    }),
  );
  report.table(
    ['Redis command (those within scripts too)', 'a page', 'µs a page'],
    (rates[0]?.commands ?? [])
      .slice(0, COMMANDS_SHOWN)
      .map(({ name, perPage, microsPerPage }) => [name, perPage.toFixed(2), microsPerPage.toFixed(2)]),
  );
  for (const count of counts) {
    const rate = median(of(count).map(({ pagesPerSecond }) => pagesPerSecond));
    const words = count === 1 ? 'one process' : `${count} processes`;
    report.check(
      `${words}: at least ${number(PAGES_A_SECOND)} pages/s`,
      rate >= PAGES_A_SECOND,
      number(rate),
    );
  }
  checkNoneDead(report, rates);
}

/**
 * @param {Report} report
 * @param {readonly { pace: Rate, warmUp: number, concurrency: number, delayMs: number }[]} paces the first one is judged
 */
export function tellPaces(report, paces) {
  report.section('At the pace of real pages');
  report.say(
    'What the farm does by the clock and not by the page is in the figures here, so they are higher the slower pages come. The first pace is about that of the load lane on two idle cores, and is judged.',
  );
  report.table(
    ['pages', 'after', 'at once', 'each answers after, ms', 'pages/s', 'CPU ms a page: Node', 'Redis'],
    paces.map(({ pace: { pages, pagesPerSecond, nodeMs, redisMs }, warmUp, concurrency, delayMs }) => [
      ...[number(pages), number(warmUp), number(concurrency), number(delayMs), pagesPerSecond.toFixed(1)],
      ...[(nodeMs[0] ?? 0).toFixed(2), redisMs.toFixed(2)],
    ]),
  );
  const judged = paces[0]?.pace;
  const cpuMs = (judged?.nodeMs[0] ?? 0) + (judged?.redisMs ?? 0);
  report.check(
    `the farm without its pool: at most ${CPU_MS_A_PAGE} ms of CPU a page`,
    cpuMs <= CPU_MS_A_PAGE,
    `${cpuMs.toFixed(2)} ms`,
  );
  checkNoneDead(
    report,
    paces.map(({ pace }) => pace),
  );
}

/** @param {Report} report @param {Rate} memory */
export function tellMemory(report, memory) {
  const { pages, pagesPerSecond, processes, redisBytes, keys } = memory;
  report.section('Memory of Redis');
  report.say(
    `${number(pages)} pages by ${processes} process(es), ${number(pagesPerSecond)} pages/s to the end. What is left when the window is empty:`,
  );
  report.table(
    ['keys', 'number', 'KB'],
    keys
      .slice(0, KEYS_SHOWN)
      .map(({ kind, keys: count, bytes }) => [kind, count, (bytes / 1_000).toFixed(1)]),
  );
  if (pages >= PAGES_FOR_MEMORY)
    report.check(
      `Redis holds at most ${REDIS_BYTES_A_PAGE} bytes a page beside the window`,
      redisBytes <= REDIS_BYTES_A_PAGE,
      `${redisBytes.toFixed(1)} bytes`,
    );
  else report.say(`${redisBytes.toFixed(1)} bytes a page.`);
  checkNoneDead(report, [memory]);
}

/** @param {Report} report @param {readonly Rate[]} runs */
function checkNoneDead(report, runs) {
  const dead = runs.reduce((sum, run) => sum + run.dead, 0);
  report.check('no page is given up', dead === 0, `${dead}`);
}

/** @param {number} value */
function number(value) {
  return Math.round(value).toLocaleString('en');
}
