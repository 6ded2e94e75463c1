// @ts-check
/** One batch through the control plane: pages a second, and what each page cost whom. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { redisPart } from '../throttle/farm-part.mjs';
import { cpuSecondsOf } from './cpu-of.mjs';
import { keysBySize, lookAtRedis } from './redis-look.mjs';
import { startStubFarm } from './stub-farm.mjs';
import { writeStubTarget } from './stub-target.mjs';

/**
 * @typedef {object} RateOptions
 * @property {number} pages
 * @property {number} processes
 * @property {number} concurrency pages at once in each process
 * @property {number} delayMs
 */

/**
 * @typedef {object} Rate
 * @property {number} pagesPerSecond from the first page fed to the last one settled
 * @property {number} seconds
 * @property {readonly number[]} nodeMs CPU a page of each process, the one with the batch first
 * @property {number} redisMs CPU a page
 * @property {number} redisBytes a page, that are left when the window is empty
 * @property {readonly { name: string, perPage: number, microsPerPage: number }[]} commands the dearest first
 * @property {readonly { kind: string, keys: number, bytes: number }[]} keys
 * @property {number} dead
 */

/** @param {RateOptions} options @returns {Promise<Rate>} */
export async function measureRate({ pages, processes, concurrency, delayMs }) {
  const home = await mkdtemp(path.join(os.tmpdir(), 'thresh-bench-'));
  const { openRedis } = await redisPart();
  const redis = await openRedis({ home, redisUrl: undefined });
  const look = () => lookAtRedis(redis.client);
  try {
    const targetFile = await writeStubTarget(home, { pages, maxConcurrency: concurrency * processes });
    const empty = await look();
    const farm = await startStubFarm({ home, concurrency, delayMs, targetFile }, { processes });
    try {
      await farm.entered('fetching');
      const [began, before] = [performance.now(), await look()];
      const cpuBefore = farm.pids.map(cpuSecondsOf);
      await farm.entered('aggregating');
      const seconds = (performance.now() - began) / 1_000;
      const cpuAfter = farm.pids.map(cpuSecondsOf);
      const after = await look();
      const keys = await keysBySize(redis.client);
      await farm.entered('delivered');
      return {
        pagesPerSecond: pages / seconds,
        seconds,
        nodeMs: cpuAfter.map((cpu, at) => ((cpu - (cpuBefore[at] ?? 0)) * 1_000) / pages),
        redisMs: ((after.cpuSeconds - before.cpuSeconds) * 1_000) / pages,
        redisBytes: (after.memoryBytes - empty.memoryBytes) / pages,
        commands: commandsBetween(before, after, pages),
        keys,
        dead: farm.dead(),
      };
    } finally {
      await farm.stop();
    }
  } finally {
    await redis.close();
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  }
}

/**
 * @param {import('./redis-look.mjs').RedisLook} before
 * @param {import('./redis-look.mjs').RedisLook} after
 * @param {number} pages
 */
function commandsBetween(before, after, pages) {
  return [...after.commands]
    .map(([name, { calls, micros }]) => {
      const earlier = before.commands.get(name) ?? { calls: 0, micros: 0 };
      return {
        name: name.replace('|', ' '),
        perPage: (calls - earlier.calls) / pages,
        microsPerPage: (micros - earlier.micros) / pages,
      };
    })
    .filter(({ perPage }) => perPage > 0.001)
    .sort((a, b) => b.microsPerPage - a.microsPerPage);
}
