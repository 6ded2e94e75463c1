// @ts-check
/** One batch from its first page to its last, looked at all along. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lookAtRedis } from '../queue/redis-look.mjs';
import { settledOf } from '../queue/settled-count.mjs';
import { startStubFarm } from '../queue/stub-farm.mjs';
import { MARK, watchProcesses } from '../render/process-watch.mjs';
import { redisPart } from '../throttle/farm-part.mjs';

/**
 * @typedef {object} Sample
 * @property {number} pages that had their outcome
 * @property {number} seconds since fetching began
 * @property {number} heapMb used, after forced garbage collection
 * @property {number} rssMb
 * @property {number} outsideMb of the heap: buffers and what belongs to C++ objects
 * @property {number} redisMb
 * @property {number} handles
 * @property {number} files open
 * @property {number} folders of browsers, and whatever else lies in the temp folder
 */

/**
 * @typedef {object} Watched
 * @property {number} pages
 * @property {number} seconds
 * @property {number} dead
 * @property {readonly Sample[]} samples
 * @property {readonly number[]} browsersMb proportional set size of all browsers together, every two seconds
 * @property {number} leftBehind folders of browsers, files in the temp folder and processes when all was over
 */

/**
 * @typedef {object} WatchOptions
 * @property {number} pages
 * @property {number} every pages from look to look
 * @property {number} concurrency pages at once
 * @property {number} [delayMs] of pages without a browser
 * @property {number} [budgetMb] of each browser
 * @property {(home: string) => Promise<string>} writeTarget gives its file
 * @property {(said: string) => void} progress
 */

const MB = 1_024 ** 2;
const LOOK_MS = 50;
const END_MS = 10_000;

/** @param {WatchOptions} options @returns {Promise<Watched>} */
export async function watchBatch(options) {
  const { pages, every, concurrency, delayMs, budgetMb, progress } = options;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'thresh-bench-memory-'));
  const [home, temp] = [path.join(folder, 'home'), path.join(folder, 'temp')];
  await Promise.all([mkdir(home), mkdir(temp)]);
  const mark = randomUUID();
  const processes = watchProcesses(mark);
  const { openRedis } = await redisPart();
  const redis = await openRedis({ home, redisUrl: undefined });
  const folders = async () => (await entries(path.join(home, 'browsers'))) + (await entries(temp));
  /** @type {Sample[]} */
  const samples = [];
  try {
    const targetFile = await options.writeTarget(home);
    const farm = await startStubFarm(
      {
        ...{ home, concurrency, targetFile },
        ...(delayMs === undefined ? {} : { delayMs }),
        ...(budgetMb === undefined ? {} : { maxBrowserMb: budgetMb }),
      },
      { processes: 1, execArgv: ['--expose-gc'], env: { ...process.env, TMPDIR: temp, [MARK]: mark } },
    );
    const [pid] = farm.pids;
    try {
      await farm.entered('fetching');
      const began = performance.now();
      const settled = await settledOf(redis.client);
      let isOver = false;
      const over = farm.entered('aggregating').then(() => {
        isOver = true;
      });
      over.catch(() => undefined); // told below
      for (let next = every; next <= pages && !isOver; ) {
        const count = await settled();
        if (count < next) {
          await Promise.race([over, delay(LOOK_MS)]);
          continue;
        }
        const { memory, handles } = await farm.inside();
        samples.push({
          pages: count,
          seconds: (performance.now() - began) / 1_000,
          heapMb: memory.heapUsed / MB,
          rssMb: memory.rss / MB,
          outsideMb: (memory.external + memory.arrayBuffers) / MB,
          redisMb: (await lookAtRedis(redis.client)).memoryBytes / MB,
          handles,
          files: await entries(`/proc/${pid}/fd`),
          folders: await folders(),
        });
        next = (Math.floor(count / every) + 1) * every;
        if (samples.length % 10 === 0) progress(lineOf(samples.at(-1), processes.memory().at(-1)?.browser));
      }
      await over;
      const seconds = (performance.now() - began) / 1_000;
      await farm.entered('delivered');
      await farm.stop();
      await redis.close();
      return {
        pages,
        seconds,
        dead: farm.dead(),
        samples,
        browsersMb: processes.memory().map(({ browser }) => browser),
        leftBehind: (await folders()) + (await gone(processes)),
      };
    } finally {
      await farm.stop();
    }
  } finally {
    processes.stop();
    await redis.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** How many processes are there when they have had time to go. @param {import('../render/process-watch.mjs').ProcessWatch} processes */
async function gone(processes) {
  const until = performance.now() + END_MS;
  for (;;) {
    const left = processes.pids().length;
    if (left === 0 || performance.now() > until) return left;
    await delay(LOOK_MS);
  }
}

/** @param {string} folder */
async function entries(folder) {
  return (await readdir(folder).catch(() => [])).length;
}

/** @param {Sample | undefined} sample @param {number | undefined} browserMb */
function lineOf(sample, browserMb) {
  if (sample === undefined) return '';
  const { pages, seconds, heapMb, rssMb, redisMb, handles } = sample;
  const browsers = browserMb === undefined ? '' : `, browsers ${browserMb.toFixed(0)} MB`;
  return `  ${pages} pages, ${(pages / seconds).toFixed(0)} pages/s: heap ${heapMb.toFixed(1)} MB, RSS ${rssMb.toFixed(0)} MB, Redis ${redisMb.toFixed(2)} MB, ${handles} handles${browsers}`;
}
