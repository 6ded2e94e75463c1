// @ts-check
/** What was seen, in tables, and whether it is flat. */
import { slopeOf } from './slope.mjs';

/** @typedef {import('./watch.mjs').Watched} Watched */
/** @typedef {import('./watch.mjs').Sample} Sample */
/** @typedef {import('../throttle/report.mjs').Report} Report */

/** What comes first warms up: code is compiled, caches fill. Of all pages. */
const WARM_UP = 0.2;
/** Fewer say nothing about a slope. */
const REAL_JUDGED = 5_000;
const STUBBED_JUDGED = 100_000;
const EARLY_PAGES = 10_000;
const GROWTH = 1.1;
const ROWS_SHOWN = 11;
const BYTES = 1_024 ** 2;

const SLOPES = /** @type {const} */ ([
  ['heap', 'heapMb'],
  ['RSS', 'rssMb'],
  ['outside of the heap', 'outsideMb'],
  ['Redis', 'redisMb'],
]);

/** @param {Report} report @param {Watched} seen @param {{ concurrency: number, budgetMb: number }} options */
export function tellReal(report, seen, { concurrency, budgetMb }) {
  report.say(
    `${number(seen.pages)} product pages of the demo shop, ${concurrency} at once at most, ${(seen.pages / seen.seconds).toFixed(1)} pages/s, a budget of ${number(budgetMb)} MB for each browser. Heap and RSS of the process with the batch, after forced garbage collection.`,
  );
  tellOverTime(report, seen, true);
  const slopes = tellSlopes(report, seen);
  const most = Math.max(...seen.browsersMb);
  if (seen.pages >= REAL_JUDGED) {
    const { low, high, slope } = slopes.heapMb;
    report.check(
      "the slope of the process's heap cannot be told from zero",
      low <= 0,
      `${bytes(slope)} (${bytes(low)} to ${bytes(high)}) bytes a page`,
    );
  }
  report.check(
    `the browsers' memory is under its budget of ${number(budgetMb)} MB throughout`,
    most <= budgetMb,
    `${number(most)} MB at most`,
  );
  checkEnd(report, seen);
}

/** @param {Report} report @param {Watched} seen @param {{ concurrency: number }} options */
export function tellStubbed(report, seen, { concurrency }) {
  report.say(
    `${number(seen.pages)} pages, ${concurrency} at once, ${number(seen.pages / seen.seconds)} pages/s.`,
  );
  tellOverTime(report, seen, false);
  tellSlopes(report, seen);
  const early = seen.samples.find(({ pages }) => pages >= EARLY_PAGES);
  const last = seen.samples.at(-1);
  if (seen.pages >= STUBBED_JUDGED && early !== undefined && last !== undefined)
    report.check(
      `RSS at the end within 10 % of that at ${number(early.pages)} pages`,
      last.rssMb <= early.rssMb * GROWTH,
      `${number(last.rssMb)} MB, ${number(early.rssMb)} MB: ${(last.rssMb / early.rssMb).toFixed(2)}`,
    );
  checkEnd(report, seen);
}

/** @param {Report} report @param {Watched} seen @param {boolean} hasBrowsers */
function tellOverTime(report, { samples, browsersMb, seconds }, hasBrowsers) {
  const shown = Array.from({ length: Math.min(ROWS_SHOWN, samples.length) }, (_, at) => {
    const of = Math.round(
      (at * (samples.length - 1)) / Math.max(1, Math.min(ROWS_SHOWN, samples.length) - 1),
    );
    return /** @type {Sample} */ (samples[of]);
  });
  report.table(
    [
      ...['pages', 'heap, MB', 'RSS, MB', 'outside of the heap, MB'],
      ...(hasBrowsers ? ['browsers, PSS, MB'] : []),
      ...['Redis, MB', 'handles', 'open files', 'temp folders'],
    ],
    shown.map((sample) => [
      number(sample.pages),
      ...[sample.heapMb.toFixed(1), number(sample.rssMb), sample.outsideMb.toFixed(1)],
      ...(hasBrowsers
        ? [number(browsersMb[Math.floor((browsersMb.length * sample.seconds) / (seconds + 1))] ?? 0)]
        : []),
      ...[sample.redisMb.toFixed(2), sample.handles, sample.files, sample.folders],
    ]),
  );
}

/** @param {Report} report @param {Watched} seen */
function tellSlopes(report, { pages, samples }) {
  const warm = samples.filter((sample) => sample.pages >= pages * WARM_UP);
  const slopes = /** @type {Record<(typeof SLOPES)[number][1], import('./slope.mjs').Slope>} */ (
    Object.fromEntries(
      SLOPES.map(([, of]) => [of, slopeOf(warm.map((sample) => ({ x: sample.pages, y: sample[of] })))]),
    )
  );
  report.table(
    ['grows by, bytes a page', 'slope', '95 % interval'],
    SLOPES.map(([name, of]) => [
      name,
      bytes(slopes[of].slope),
      `${bytes(slopes[of].low)} to ${bytes(slopes[of].high)}`,
    ]),
  );
  return slopes;
}

/** @param {Report} report @param {Watched} seen */
function checkEnd(report, { dead, leftBehind }) {
  report.check('no page is given up', dead === 0, `${dead}`);
  report.check('no process, no folder is left behind', leftBehind === 0, `${leftBehind}`);
}

/** @param {number} mb */
function bytes(mb) {
  return (mb * BYTES).toFixed(1);
}

/** @param {number} value */
function number(value) {
  return Math.round(value).toLocaleString('en');
}
