// @ts-check
/** Who takes part, and how each is started: a process of its own that renders a course and says what it read. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { command } from '../../throttle/farm-part.mjs';
import { writeFarmTarget } from './farm-target.mjs';
import { followSegments } from './follow-segments.mjs';

/** @typedef {import('./task.mjs').Task} Task */
/** @typedef {import('./task.mjs').PageRead} PageRead */
/** @typedef {import('../course.mjs').Lane} Lane */

/**
 * @typedef {object} Started
 * @property {import('node:child_process').ChildProcess} child
 * @property {Promise<void>} ended rejects, with what it said, when it did not end well
 */

/**
 * @typedef {object} Contender
 * @property {string} id
 * @property {string} name
 * @property {readonly Lane[]} lanes
 * @property {boolean} isPeer
 * @property {number} share of the pages that the others render; the slow ones get fewer
 * @property {'swept' | 'own' | 'farm'} concurrency pages in flight: the best that was found, its own to find, or as many as the
 *   farm had on average when it last had its turn
 * @property {(task: Task, env: NodeJS.ProcessEnv, onPage: (page: PageRead) => void) => Promise<Started>} start
 */

const PEERS = path.resolve(import.meta.dirname, '../../peers');

/** @type {readonly Contender[]} */
export const CONTENDERS = [
  {
    ...{ id: 'farm', name: 'Thresh, end to end', lanes: ['load', 'soft'], isPeer: false, share: 1 },
    concurrency: 'own',
    start: startFarm({ learnsBlock: false }),
  },
  {
    ...{
      id: 'farm-auto',
      name: "Thresh, end to end, block: 'auto'",
      lanes: ['load'],
      isPeer: false,
      share: 1,
    },
    concurrency: 'own',
    start: startFarm({ learnsBlock: true }),
  },
  { ...loop('pool', "Thresh's pool alone", ['load']), concurrency: 'farm' },
  {
    ...loop('pool-usual', "Thresh's pool alone, frames as usual", ['load']),
    concurrency: 'farm',
    start: starterOf(path.join(import.meta.dirname, 'pool-child.mjs'), { frames: 'usual' }),
  },
  loop('playwright', 'hand-written, Playwright', ['load', 'soft']),
  loop('cdp', 'hand-written, raw CDP', ['load', 'soft']),
  peer('crawlee', "Crawlee's PlaywrightCrawler, defaults", 'crawlee-rows.mjs', 'own', { tuned: false }),
  peer('crawlee-tuned', "Crawlee's PlaywrightCrawler, tuned", 'crawlee-rows.mjs', 'swept', { tuned: true }),
  peer('cluster-page', 'puppeteer-cluster, page', 'cluster-rows.mjs', 'swept', { mode: 'page' }),
  peer('cluster-context', 'puppeteer-cluster, context', 'cluster-rows.mjs', 'swept', { mode: 'context' }),
];

/**
 * The loop on Playwright with other settings of its browser.
 * @param {string} id
 * @param {string} name
 * @param {import('./playwright-child.mjs').Varied} varied
 * @returns {Contender}
 */
export function variedLoop(id, name, varied) {
  const file = path.join(import.meta.dirname, 'playwright-child.mjs');
  return { ...loop(id, name, ['load', 'soft']), start: starterOf(file, varied) };
}

/** @param {string} id @param {string} name @param {readonly Lane[]} lanes @returns {Contender} */
function loop(id, name, lanes) {
  const file = path.join(import.meta.dirname, `${id}-child.mjs`);
  return { id, name, lanes, isPeer: false, share: 1, concurrency: 'swept', start: starterOf(file, {}) };
}

/**
 * @param {string} id
 * @param {string} name
 * @param {string} file
 * @param {'swept' | 'own'} concurrency
 * @param {object} options
 * @returns {Contender}
 */
function peer(id, name, file, concurrency, options) {
  const start = starterOf(path.join(PEERS, file), options);
  return { id, name, lanes: ['load'], isPeer: true, share: 0.2, concurrency, start };
}

/**
 * @param {string} file
 * @param {object} options
 * @returns {Contender['start']}
 */
function starterOf(file, options) {
  return async (task, env, onPage) => {
    const taskFile = path.join(task.temp, 'task.json');
    await writeFile(taskFile, JSON.stringify({ ...task, options }));
    const child = spawn(process.execPath, [file, taskFile], {
      cwd: task.temp,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => onPage(JSON.parse(line)));
    return { child, ended: endOf(child, path.basename(file)) };
  };
}

/**
 * `thresh run` as a user starts it, with a Redis of its own.
 * @param {{ learnsBlock: boolean }} how
 * @returns {Contender['start']}
 */
function startFarm(how) {
  return (task, env, onPage) => runFarm(task, { how, env, onPage });
}

/**
 * @param {Task} task
 * @param {{ how: { learnsBlock: boolean }, env: NodeJS.ProcessEnv, onPage: (page: PageRead) => void }} more
 * @returns {Promise<Started>}
 */
async function runFarm(task, { how, env, onPage }) {
  const home = path.join(task.temp, 'home');
  const file = await writeFarmTarget(task, how);
  const segments = followSegments(home, onPage);
  const child = spawn(process.execPath, [command, 'run', file, '--json', '--date', '2026-03-01'], {
    cwd: task.temp,
    env: { ...env, NO_COLOR: '1', THRESH_HOME: home, THRESH_OUT: path.join(task.temp, 'out') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = text(child.stdout);
  const ended = endOf(child, 'thresh run').then(async () => {
    await segments.stop();
    /** @type {import('../../../../src/delivery/manifest.js').Report} */
    const { pages, rows } = JSON.parse(await printed);
    if (pages.completed !== task.pages.length || rows.delivered !== rows.read)
      throw new Error(
        `thresh run delivered ${rows.delivered} of ${rows.read} rows of ${pages.completed} pages`,
      );
  });
  return { child, ended };
}

/** @param {import('node:child_process').ChildProcess} child @param {string} name */
async function endOf(child, name) {
  const said = child.stderr === null ? Promise.resolve('') : text(child.stderr);
  const [code, signal] = await once(child, 'close');
  if (code !== 0)
    throw new Error(`${name} ended with ${code ?? signal}: ${(await said).trim().slice(-2_000)}`);
}
