// @ts-check
/**
 * One process of the control plane: the farm as `thresh run` (with a batch of its own) or `thresh worker` (without) puts
 * it together, over a pool without browsers. Tells its parent when it is ready, what it gave up, and its batch's end.
 */
import path from 'node:path';
import { contextPart, farmPart, openBatchPart } from '../farm-part.mjs';
import { createHttpPool } from './http-pool.mjs';

/**
 * @typedef {object} FarmTask
 * @property {string} home
 * @property {number} concurrency pages at once in this process
 * @property {string} [targetFile] the batch that it opens; without it works for others' batches
 */

/** @typedef {{ ready: true } | { givenUp: number, why: string } | { end: string }} Said */

const ENDS = ['delivered', 'held', 'failed', 'cancelled'];

/** @type {FarmTask} */
const { home, concurrency, targetFile } = JSON.parse(process.argv[2] ?? '{}');
const { startFarm } = await farmPart();
/** @param {Said} said */
const say = (said) => process.send?.(said);

const farm = await startFarm({
  home,
  redisUrl: undefined,
  engine: 'duckdb',
  s3: { endpoint: undefined, region: undefined },
  executablePath: undefined,
  frames: 'usual',
  maxProcessMb: 0,
  maxBrowserMb: 0,
  maxMemoryMb: 0,
  concurrency,
  pool: createHttpPool(concurrency),
  onEvent(event) {
    if (event.kind === 'page.dead') say({ givenUp: 1, why: event.reason });
    if (event.kind === 'batch.broke') throw event.error;
    if (event.kind === 'batch.entered' && ENDS.includes(event.state))
      say({ end: `${event.state} ${event.reason ?? ''}` });
  },
  onSnapshot: () => undefined,
  onLink: () => undefined,
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
