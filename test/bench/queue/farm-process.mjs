// @ts-check
/**
 * One process of the farm, as `thresh run` (with a batch of its own) or `thresh worker` (without) puts it together,
 * over a pool without browsers or a real one. Tells its parent when it is ready and which states its batch enters.
 */
import path from 'node:path';
import { contextPart, farmPart, openBatchPart } from '../throttle/farm-part.mjs';
import { createStubPool } from './stub-pool.mjs';

/**
 * @typedef {object} FarmTask
 * @property {string} home
 * @property {number} concurrency pages at once in this process
 * @property {number} [delayMs] of the stubbed pool's pages; without it the pool is one of real browsers
 * @property {number} [maxBrowserMb] by default no budget
 * @property {string} [targetFile] the batch that it opens; without it works for others' batches
 */

/**
 * @typedef {object} Inside what a process has to itself, after forced garbage collection where it runs with `--expose-gc`
 * @property {NodeJS.MemoryUsage} memory
 * @property {number} handles what keeps its event loop going
 */

/** @typedef {{ ready: true } | { dead: string } | { state: string, reason: string | undefined } | { inside: Inside }} Said */

/** @type {FarmTask} */
const { home, concurrency, delayMs, maxBrowserMb = 0, targetFile } = JSON.parse(process.argv[2] ?? '{}');
const { startFarm } = await farmPart();
/** @param {Said} said */
const say = (said) => process.send?.(said);

const farm = await startFarm({
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
  ...(delayMs === undefined ? {} : { pool: createStubPool({ maxPages: concurrency, delayMs }) }),
  onEvent(event) {
    if (event.kind === 'page.dead') say({ dead: event.reason });
    if (event.kind === 'batch.broke') throw event.error;
    if (event.kind === 'batch.entered') say({ state: event.state, reason: event.reason });
  },
  onSnapshot: () => undefined,
  onLink: () => undefined,
});
process.on('message', () => {
  global.gc?.();
  say({ inside: { memory: process.memoryUsage(), handles: process.getActiveResourcesInfo().length } });
});
for (const event of ['disconnect', 'SIGTERM'])
  process.once(event, async () => {
    await farm.stop(0);
    process.exit();
  });
if (targetFile !== undefined) {
  const { loadChecked } = await contextPart();
  const { openBatch } = await openBatchPart();
  const target = await loadChecked(targetFile);
  await openBatch({ home, target, date: '2026-03-01', out: path.join(home, 'out') }, farm.redis);
}
say({ ready: true });
