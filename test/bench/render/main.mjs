// @ts-check
/** `npm run bench:render`; exit code 1 when a run failed or it does not show what it must. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findChromium } from '../../../browser-pool/find-chromium.mjs';
import { describeMachine, writeSection } from '../benchmarks-page.mjs';
import { drawSvg, installPeers } from '../throttle/peers.mjs';
import { createReport } from '../throttle/report.mjs';
import { findConcurrency } from './concurrency.mjs';
import { CONTENDERS, variedLoop } from './contenders/contenders.mjs';
import { readOptions, refuse } from './options.mjs';
import { casesOf } from './plan.mjs';
import { plotOf } from './plot.mjs';
import { runRounds } from './rounds.mjs';
import { startShopProcess } from './shop-process.mjs';
import { DEFAULT, settingsHere } from './sweep/settings.mjs';
import { tellSweep } from './sweep/tell-sweep.mjs';
import { judge, tell } from './tell.mjs';

/** @typedef {{ machine: import('../benchmarks-page.mjs').Machine, concurrency: Record<import('./course.mjs').Lane, number>, runs: import('./rounds.mjs').RoundRun[] }} Kept */

const TITLE = 'Rendering';
const PLOT = 'docs/img/render.svg';

const options = readOptions();
const found = findChromium();
if (found === undefined) throw new Error('no Chromium on this machine: run `npm run setup`');
const settings = settingsHere(found.path);
const contenders = options.sweep ? varied() : named();
if (contenders.some(({ isPeer }) => isPeer)) installPeers();
const report = createReport();
const before = await keptBefore();
const { kept, failures } = await runAll(found.path);
if (options.json !== undefined) await writeFile(options.json, JSON.stringify(kept, null, 1));
if (options.sweep) tellSweep(report, kept.runs, settings);
else tellAll();
report.check(
  'every contender read the rows of the shop',
  failures.length === 0,
  failures.join('; ') || 'all',
);
await draw();
const failed = report.failed();
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;

function named() {
  return CONTENDERS.filter(({ id, isPeer }) => options.contenders.includes(id) && (options.peers || !isPeer));
}

function varied() {
  const { settings: asked } = options;
  const unknown = asked?.find((id) => !settings.some((setting) => setting.id === id));
  if (unknown !== undefined) refuse(`"${unknown}" is none of ${settings.map(({ id }) => id).join(', ')}`);
  return settings
    .filter(({ id }) => id === DEFAULT || (asked?.includes(id) ?? true))
    .map((setting) => variedLoop(setting.id, setting.name, setting.varied));
}

function tellAll() {
  const { load, soft } = kept.concurrency;
  report.say(
    `The demo shop, a React application of about 200 KB of script that gets its data by two requests. Pages in flight for those that do not find it themselves: ${load} in the load lane, ${soft} in the soft lane; the pool alone has as many as the farm had on average. The hand-written loops start Chromium as Playwright does, the pool as it thinks best. The farm, its pool, the hand-written loops and the tuned crawler are told that no row needs the shop's analytics host; with \`block: 'auto'\` the farm finds that out during its warm-up, and compares one page in fifty. Rates are taken from the last row of the warm-up to the last row; "cold" from the process's start.`,
  );
  tell(report, kept.runs);
  judge(report, kept.runs);
}

/** @returns {Promise<Kept | undefined>} */
async function keptBefore() {
  if (!options.append || options.json === undefined) return undefined;
  const text = await readFile(options.json, 'utf8').catch(() => undefined); // the first of several
  return text === undefined ? undefined : JSON.parse(text);
}

/** @param {string} executablePath @returns {Promise<{ kept: Kept, failures: string[] }>} */
async function runAll(executablePath) {
  const { lanes, pages, rounds } = options;
  const shop = await startShopProcess();
  try {
    const { progress } = report;
    const how = { executablePath, shop, progress };
    const concurrency =
      options.concurrency ?? before?.concurrency ?? (await findConcurrency({ ...how, lanes, pages }));
    const from = Math.max(-1, ...(before?.runs ?? []).map(({ round }) => round)) + 1;
    const { runs, failures } = await runRounds(casesOf(contenders, options), {
      ...how,
      rounds,
      from,
      before: before?.runs ?? [],
      concurrency,
    });
    return {
      kept: {
        machine: rounds === 0 && before !== undefined ? before.machine : describeMachine(),
        concurrency,
        runs: [...(before?.runs ?? []), ...runs],
      },
      failures,
    };
  } finally {
    await shop.stop();
  }
}

async function draw() {
  const files = [
    options.plot,
    ...(options.write ? [path.resolve(import.meta.dirname, '../../..', PLOT)] : []),
  ];
  const wanted = files.filter((file) => file !== undefined);
  if (wanted.length > 0) {
    installPeers(); // with what draws
    const svg = await drawSvg(plotOf(kept.runs, TITLE));
    const named = svg.replace(/^<svg [^>]*>/, (tag) => `${tag}<title>${TITLE}</title>`);
    for (const file of wanted) {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, named);
    }
  }
  if (!options.write) return;
  const file = path.resolve(import.meta.dirname, '../../../docs/benchmarks.md');
  const markdown = `${report.markdown()}\n![pages a second and CPU a page](img/render.svg)\n`;
  await writeSection({ file, id: 'render', title: TITLE, markdown, machine: kept.machine });
}
