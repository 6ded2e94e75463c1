// @ts-check
/**
 * One process of the farm, as `thresh run` (with a batch of its own) or `thresh worker` (without) puts it together,
 * over a pool without browsers or a real one; or several workers in one process, each with its own links to Redis, its
 * own slots and segments. Tells its parent when it is ready and which states a batch enters that it runs.
 */
import path from 'node:path';
import { contextPart, farmPart, openBatchPart } from '../throttle/farm-part.mjs';
import { createRandom, createStubPool } from './stub-pool.mjs';

/**
 * @typedef {object} FarmTask
 * @property {string} home
 * @property {number} concurrency pages at once in each worker
 * @property {number} [workers] by default one
 * @property {number} [delayMs] of the stubbed pool's pages; without it the pool is one of real browsers
 * @property {number} [spread] of these delays
 * @property {number} [seed] of these delays; without it they are others each time
 * @property {number} [maxBrowserMb] by default no budget
 * @property {string} [targetFile] the batch that it opens; without it works for others' batches
 */

/**
 * @typedef {object} Inside what a process has to itself, after forced garbage collection where it runs with `--expose-gc`
 * @property {NodeJS.MemoryUsage} memory
 * @property {number} handles what keeps its event loop going
 */

/** @typedef {{ ready: true } | { dead: string } | { state: string, reason: string | undefined } | { resumed: number } | { inside: Inside }} Said */

/** @type {FarmTask} */
const task = JSON.parse(process.argv[2] ?? '{}');
const { home, concurrency, workers = 1, targetFile } = task;
const { startFarm } = await farmPart();
/** @param {Said} said */
const say = (said) => process.send?.(said);

const first = await startWorker(0);
const farms = [first];
for (let at = 1; at < workers; at += 1) farms.push(await startWorker(at));
process.on('message', () => {
  global.gc?.();
  say({ inside: { memory: process.memoryUsage(), handles: process.getActiveResourcesInfo().length } });
});
for (const event of ['disconnect', 'SIGTERM'])
  process.once(event, async () => {
    await Promise.all(farms.map((farm) => farm.stop(0)));
    process.exit();
  });
if (targetFile !== undefined) {
  const { loadChecked } = await contextPart();
  const { openBatch } = await openBatchPart();
  const target = await loadChecked(targetFile);
  await openBatch({ home, target, date: '2026-03-01', out: path.join(home, 'out') }, first.redis);
}
say({ ready: true });

/** @param {number} at among those of the process */
function startWorker(at) {
  const { maxBrowserMb = 0 } = task;
  const pool = poolOf(at);
  return startFarm({
    home,
    redisUrl: undefined,
    engine: 'duckdb',
    s3: { endpoint: undefined, region: undefined },
    executablePath: undefined,
    frames: 'seldom',
    maxProcessMb: 0,
    maxBrowserMb,
    maxMemoryMb: 0,
    concurrency,
    ...(pool === undefined ? {} : { pool }),
    onEvent(event) {
      if (event.kind === 'page.dead') say({ dead: event.reason });
      if (event.kind === 'batch.broke') throw event.error;
      if (event.kind === 'batch.entered') say({ state: event.state, reason: event.reason });
      if (event.kind === 'batch.resumed') say({ resumed: event.settled });
    },
    onSnapshot: () => undefined,
    onLink: () => undefined,
  });
}

/** @param {number} at */
function poolOf(at) {
  const { delayMs, spread, seed } = task;
  if (delayMs === undefined) return undefined;
  return createStubPool({
    ...{ maxPages: concurrency, delayMs },
    ...(spread === undefined ? {} : { spread }),
    ...(seed === undefined ? {} : { random: createRandom(seed + at) }),
  });
}
