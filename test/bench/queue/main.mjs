// @ts-check
/** `npm run bench:queue`: the control plane alone; exit code 1 when it does not show what it must. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { writeSection } from '../benchmarks-page.mjs';
import { createReport } from '../throttle/report.mjs';
import { median } from '../throttle/sweep.mjs';
import { measureRate } from './rate.mjs';
import { USAGE } from './usage.mjs';

const PAGES_A_SECOND = 1_850;
const REDIS_BYTES_A_PAGE = 32;
const PAGES_FOR_MEMORY = 1_000_000;
const COMMANDS_SHOWN = 12;
const KEYS_SHOWN = 6;

const { json, docs, rounds, ...options } = readOptions();
const report = createReport();
/** @type {import('./rate.mjs').Rate[]} */
const runs = [];
const answer = options.delayMs === 0 ? 'at once' : `after ${options.delayMs} ms`;
report.say(
  `${options.pages.toLocaleString('en')} pages that answer ${answer}, ${options.processes} process(es) of ${options.concurrency} at once.`,
);
for (let round = 0; round < rounds; round += 1) {
  const run = await measureRate(options);
  runs.push(run);
  report.progress(`  round ${round + 1}: ${run.pagesPerSecond.toFixed(0)} pages/s`);
}
tell();
if (json !== undefined) await writeFile(json, JSON.stringify({ options, runs }, null, 2));
if (docs !== undefined)
  await writeSection({ file: docs, id: 'queue', title: 'The queue', markdown: report.markdown() });
const failed = report.failed();
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;

function tell() {
  report.table(
    ['round', 'pages/s', 'seconds', 'CPU ms a page: batch', 'workers', 'Redis', 'Redis bytes a page', 'dead'],
    runs.map(({ pagesPerSecond, seconds, nodeMs, redisMs, redisBytes, dead }, at) => [
      at + 1,
      Math.round(pagesPerSecond),
      seconds.toFixed(1),
      (nodeMs[0] ?? 0).toFixed(3),
      nodeMs
        .slice(1)
        .map((ms) => ms.toFixed(3))
        .join(' + '),
      redisMs.toFixed(3),
      redisBytes.toFixed(1),
      dead,
    ]),
  );
  const last = runs.at(-1);
  report.table(
    ['Redis command (those within scripts too)', 'a page', 'µs a page'],
    (last?.commands ?? [])
      .slice(0, COMMANDS_SHOWN)
      .map(({ name, perPage, microsPerPage }) => [name, perPage.toFixed(2), microsPerPage.toFixed(2)]),
  );
  report.table(
    ['keys when the window is empty', 'keys', 'KB'],
    (last?.keys ?? [])
      .slice(0, KEYS_SHOWN)
      .map(({ kind, keys, bytes }) => [kind, keys, (bytes / 1_000).toFixed(1)]),
  );
  const rate = median(runs.map(({ pagesPerSecond }) => pagesPerSecond));
  report.check(`at least ${PAGES_A_SECOND} pages/s`, rate >= PAGES_A_SECOND, `${rate.toFixed(0)} pages/s`);
  report.check(
    'no page is given up',
    runs.every(({ dead }) => dead === 0),
    `${runs.reduce((sum, { dead }) => sum + dead, 0)}`,
  );
  if (options.pages < PAGES_FOR_MEMORY) return;
  const bytes = median(runs.map(({ redisBytes }) => redisBytes));
  report.check(
    `Redis holds at most ${REDIS_BYTES_A_PAGE} bytes a page beside the window`,
    bytes <= REDIS_BYTES_A_PAGE,
    `${bytes.toFixed(1)} bytes`,
  );
}

function readOptions() {
  const values = readValues();
  if (values.help) {
    console.log(USAGE);
    process.exit();
  }
  const whole = (
    /** @type {'pages' | 'processes' | 'concurrency' | 'rounds'} */ name,
    /** @type {number} */ usual,
  ) => {
    const typed = values[name];
    const number = typed === undefined ? usual : Number(typed);
    return Number.isInteger(number) && number > 0
      ? number
      : refuse(`--${name} wants a whole number above 0, not "${typed}"`);
  };
  const delayMs = Number(values.delay);
  if (!(delayMs >= 0)) refuse(`--delay wants milliseconds, not "${values.delay}"`);
  return {
    pages: whole('pages', values.short ? 4_000 : 30_000),
    processes: whole('processes', 2),
    concurrency: whole('concurrency', 64),
    rounds: whole('rounds', values.short ? 1 : 3),
    delayMs,
    json: values.json,
    docs: values.docs,
  };
}

function readValues() {
  try {
    return parseArgs({
      options: {
        pages: { type: 'string' },
        processes: { type: 'string' },
        concurrency: { type: 'string' },
        delay: { type: 'string', default: '0' },
        rounds: { type: 'string' },
        short: { type: 'boolean', default: false },
        json: { type: 'string' },
        docs: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} problem @returns {never} */
function refuse(problem) {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}
