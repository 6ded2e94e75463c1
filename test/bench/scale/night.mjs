// @ts-check
/** One batch from its first page to its dataset, over many workers, one process of which is killed on the way. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { keysBySize, lookAtRedis } from '../queue/redis-look.mjs';
import { startStubFarm } from '../queue/stub-farm.mjs';
import { TARGET, writeStubTarget } from '../queue/stub-target.mjs';
import { redisPart } from '../throttle/farm-part.mjs';
import { watchNight } from './watch-night.mjs';

/**
 * @typedef {object} NightOptions
 * @property {number} pages
 * @property {number} workers
 * @property {number} processes
 * @property {number} slots pages at once in each worker
 * @property {number} delayMs median
 * @property {number} spread of the delay's logarithm
 * @property {number} seed
 * @property {boolean} apart each worker has links to Redis, segments and clocks of its own
 * @property {number} killAt share of the pages; 0: nobody is killed
 */

/**
 * @typedef {object} Night
 * @property {NightOptions} options
 * @property {number} discoverySeconds
 * @property {import('./watch-night.mjs').Watched} watched
 * @property {number} redisBytes a page, that are left when the window is empty
 * @property {{ kind: string, keys: number, bytes: number }[]} keys
 * @property {number} dead pages
 * @property {number} delivered rows
 */

/** @param {NightOptions} options @param {(said: string) => void} progress @returns {Promise<Night>} */
export async function runNight(options, progress) {
  const { pages, workers, processes, slots, delayMs, spread, seed, apart } = options;
  const inEach = workers / processes;
  const home = await mkdtemp(path.join(os.tmpdir(), 'thresh-bench-scale-'));
  const { openRedis } = await redisPart();
  const redis = await openRedis({ home, redisUrl: undefined });
  try {
    const targetFile = await writeStubTarget(home, { pages, maxConcurrency: workers * slots });
    const empty = await lookAtRedis(redis.client);
    const shape = apart ? { concurrency: slots, workers: inEach } : { concurrency: slots * inEach };
    const task = { home, ...shape, delayMs, spread, seed, targetFile };
    const farm = await startStubFarm(task, { processes, execArgv: ['--expose-gc'] });
    try {
      const opened = performance.now();
      await farm.entered('fetching');
      const discoverySeconds = (performance.now() - opened) / 1_000;
      progress(`  ${pages} pages discovered in ${discoverySeconds.toFixed(1)} s`);
      const watched = await watchNight(farm, { ...options, client: redis.client, progress });
      const after = await lookAtRedis(redis.client);
      const keys = await keysBySize(redis.client);
      await farm.entered('delivered');
      return {
        options,
        discoverySeconds,
        watched,
        redisBytes: (after.memoryBytes - empty.memoryBytes) / pages,
        keys,
        dead: farm.dead(),
        delivered: await rowsDelivered(home),
      };
    } finally {
      await farm.stop();
    }
  } finally {
    await redis.close();
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** @param {string} home @returns {Promise<number>} */
async function rowsDelivered(home) {
  const manifest = path.join(home, 'out', TARGET, 'date=2026-03-01', '_SUCCESS');
  return JSON.parse(await readFile(manifest, 'utf8')).rows.delivered;
}
