// @ts-check
/** What a night was like, in tables, and whether it is what it must be. */
import { slopeOf } from '../memory/slope.mjs';

/** @typedef {import('./night.mjs').Night} Night */
/** @typedef {import('./watch-night.mjs').Look} Look */
/** @typedef {import('../throttle/report.mjs').Report} Report */

const PAGES_A_SECOND = 1_850;
const MB_A_WORKER = 412;
const REDIS_BYTES_A_PAGE = 32;
const BACK_WITHIN_S = 60;
/** Below, starting up weighs too much to judge the pace. */
const PAGES_FOR_PACE = 100_000;
/** What keys cost by themselves is shared by many pages: judged from so many on. */
const PAGES_FOR_MEMORY = 1_000_000;
/** What comes first warms up: code is compiled, caches fill. Of all pages. */
const WARM_UP = 0.2;
const GROWTH = 1.1;
const LEAST_LOOKS = 12;
const ROWS_SHOWN = 11;
const KEYS_SHOWN = 6;
const BYTES = 1_024 ** 2;

/** @param {Report} report @param {Night} night */
export function tellNight(report, night) {
  const { options, discoverySeconds, watched } = night;
  const { pages, workers, processes, slots, delayMs, spread, apart } = options;
  const links = apart
    ? 'each with links to Redis, segments and clocks of its own'
    : 'which share the links to Redis, segments and clocks of their process';
  report.say(
    `${number(pages)} pages by ${number(workers)} workers of ${slots} pages at once, ${links}, in ${processes} processes; a page answers after ${delayMs} ms in the median (lognormal, ${spread}). Nothing else is stubbed. ${number(pages / discoverySeconds)} pages/s were discovered. Heap and RSS are those after forced garbage collection.`,
  );
  tellOverTime(report, watched.looks);
  const flat = tellSlopes(report, night);
  tellCpu(report, night);
  tellKeys(report, night);
  tellKill(report, night);
  judge(report, night, flat);
}

/** @param {Report} report @param {readonly Look[]} looks */
function tellOverTime(report, looks) {
  const rows = Math.min(ROWS_SHOWN, looks.length);
  const shown = Array.from({ length: rows }, (_, row) => {
    const at = Math.round((row * (looks.length - 1)) / Math.max(1, rows - 1));
    return /** @type {Look} */ (looks[at]);
  });
  report.table(
    ['pages', 'seconds', 'pages/s since', 'Redis, MB', 'heap of a process, MB', 'RSS of a process, MB'],
    shown.map(({ pages, seconds, redisMb, processes }, at) => {
      const before = shown[at - 1] ?? { pages: 0, seconds: 0 };
      return [
        ...[number(pages), number(seconds), number((pages - before.pages) / (seconds - before.seconds))],
        ...[redisMb.toFixed(1), span(processes.map(({ heapMb }) => heapMb))],
        span(processes.map(({ rssMb }) => rssMb)),
      ];
    }),
  );
}

/**
 * Of each process from the end of its warm-up on, and whether its memory stays what it was then.
 * @param {Report} report @param {Night} night @returns {{ name: string, from: number, to: number }[]} RSS, MB
 */
function tellSlopes(report, { options, watched }) {
  /** @type {(readonly (string | number)[])[]} */
  const rows = [];
  /** @type {{ name: string, from: number, to: number }[]} */
  const flat = [];
  const names = [...new Set(watched.looks.flatMap(({ processes }) => processes.map(({ name }) => name)))];
  for (const name of names) {
    const seen = watched.looks.flatMap(({ pages, processes }) => {
      const own = processes.find((one) => one.name === name);
      return own === undefined ? [] : [{ pages, ...own }];
    });
    const first = seen[0]?.pages ?? 0;
    const warm = seen.filter(({ pages }) => pages >= first + options.pages * WARM_UP);
    if (warm.length < LEAST_LOOKS) continue;
    const slope = (/** @type {'heapMb' | 'rssMb'} */ of) =>
      slopeOf(warm.map((one) => ({ x: one.pages, y: one[of] })));
    rows.push([`process ${name}`, ...words(slope('heapMb')), ...words(slope('rssMb'))]);
    const some = Math.ceil(warm.length / 10);
    const mean = (/** @type {typeof warm} */ part) =>
      part.reduce((sum, { rssMb }) => sum + rssMb, 0) / part.length;
    flat.push({ name, from: mean(warm.slice(0, some)), to: mean(warm.slice(-some)) });
  }
  if (rows.length > 0)
    report.table(['grows by, bytes a page', 'heap', '95 % interval', 'RSS', '95 % interval'], rows);
  return flat;
}

/** @param {import('../memory/slope.mjs').Slope} slope MB a page */
function words({ slope, low, high }) {
  const bytes = (/** @type {number} */ mb) => (mb * BYTES).toFixed(1);
  return [bytes(slope), `${bytes(low)} to ${bytes(high)}`];
}

/** @param {Report} report @param {Night} night */
function tellCpu(report, { options: { pages }, watched }) {
  const { seconds, redisCpuSeconds, machineCpuSeconds, looks } = watched;
  const ofNode = [...lastSeen(looks).values()].reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const row = (/** @type {string} */ name, /** @type {number} */ cpu) => [
    ...[name, number(cpu), ((cpu * 1_000) / pages).toFixed(3), (cpu / seconds).toFixed(2)],
  ];
  report.table(
    ['CPU', 'seconds', 'ms a page', 'of so many cores'],
    [
      row('Redis', redisCpuSeconds),
      row('the processes of the farm', ofNode),
      row('all else on this machine', Math.max(0, machineCpuSeconds - redisCpuSeconds - ofNode)),
    ],
  );
}

/** @param {readonly Look[]} looks */
function lastSeen(looks) {
  return new Map(looks.flatMap(({ processes }) => processes.map((one) => [one.name, one])));
}

/** @param {Report} report @param {Night} night */
function tellKeys(report, { keys }) {
  report.say('What Redis still holds when the window is empty:');
  report.table(
    ['keys', 'number', 'KB'],
    keys
      .slice(0, KEYS_SHOWN)
      .map(({ kind, keys: count, bytes }) => [kind, number(count), (bytes / 1_000).toFixed(1)]),
  );
}

/** @param {Report} report @param {Night} night */
function tellKill(report, { watched: { killed } }) {
  if (killed === undefined) return;
  report.say(
    `The process that ran the batch was killed with SIGKILL at ${number(killed.pages)} pages. Another one had put the batch together again after ${killed.takenOverAfter.toFixed(1)} s; after ${killed.backAfter.toFixed(1)} s the first thousand pages that it handed out had their outcome.`,
  );
}

/** @param {Report} report @param {Night} night @param {readonly { name: string, from: number, to: number }[]} flat */
function judge(report, night, flat) {
  const { options, watched, redisBytes, dead, delivered } = night;
  const { pages } = options;
  const { killed, looks, seconds } = watched;
  const pace = paceOf(night);
  const all = `${number(pages / seconds)} with all that the kill cost`;
  if (pages >= PAGES_FOR_PACE)
    report.check(
      `at least ${number(PAGES_A_SECOND)} pages/s`,
      pace >= PAGES_A_SECOND,
      `${number(pace)}; ${all}`,
    );
  else report.say(`${number(pace)} pages/s; ${all}.`);
  const most = Math.max(...looks.flatMap(({ processes }) => processes.map(({ rssMb }) => rssMb)));
  report.check(
    `at most ${MB_A_WORKER} MB a process, with ${options.workers / options.processes} workers each`,
    most <= MB_A_WORKER,
    `${number(most)} MB`,
  );
  if (pages >= PAGES_FOR_PACE)
    report.check(
      "each process's RSS at the end within 10 % of that after its warm-up",
      flat.length > 0 && flat.every(({ from, to }) => to <= from * GROWTH),
      flat.map(({ from, to }) => `${number(from)} to ${number(to)} MB`).join(', '),
    );
  if (pages >= PAGES_FOR_MEMORY)
    report.check(
      `Redis holds at most ${REDIS_BYTES_A_PAGE} bytes a page beside the window`,
      redisBytes <= REDIS_BYTES_A_PAGE,
      `${redisBytes.toFixed(1)} bytes`,
    );
  else report.say(`Redis holds ${redisBytes.toFixed(1)} bytes a page beside the window.`);
  if (killed !== undefined)
    report.check(
      `pages come again within ${BACK_WITHIN_S} s of the kill`,
      killed.backAfter <= BACK_WITHIN_S,
      `${killed.backAfter.toFixed(1)} s`,
    );
  report.check('no page is given up', dead === 0, `${dead}`);
  report.check('the dataset holds every page once', delivered === pages, number(delivered));
}

/** While nobody was away. @param {Night} night */
function paceOf({ options: { pages }, watched: { killed, seconds } }) {
  if (killed === undefined) return pages / seconds;
  return (pages - (killed.pagesWhenBack - killed.pages)) / (seconds - killed.backAfter);
}

/** @param {readonly number[]} values */
function span(values) {
  const [low, high] = [number(Math.min(...values)), number(Math.max(...values))];
  return low === high ? low : `${low} to ${high}`;
}

/** @param {number} value */
function number(value) {
  return Math.round(value).toLocaleString('en');
}
