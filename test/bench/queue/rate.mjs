// @ts-check
/** One batch through the control plane: pages a second, and what each page cost whom. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { redisPart } from '../throttle/farm-part.mjs';
import { cpuSecondsOf } from './cpu-of.mjs';
import { keysBySize, lookAtRedis } from './redis-look.mjs';
import { settledOf } from './settled-count.mjs';
import { startStubFarm } from './stub-farm.mjs';
import { writeStubTarget } from './stub-target.mjs';

/**
 * @typedef {object} RateOptions
 * @property {number} pages those of the warm-up among them
 * @property {number} [warmUp] pages that do not count; by default none
 * @property {number} processes
 * @property {number} concurrency pages at once in each process
 * @property {number} delayMs
 */

/**
 * @typedef {object} Rate
 * @property {number} processes
 * @property {number} pages that counted
 * @property {number} pagesPerSecond from the first page fed, or the last one of the warm-up, to the last one settled
 * @property {number} seconds
 * @property {readonly number[]} nodeMs CPU a page of each process, the one with the batch first
 * @property {number} redisMs CPU a page
 * @property {number} redisBytes a page, that are left when the window is empty
 * @property {readonly { name: string, perPage: number, microsPerPage: number }[]} commands the dearest first
 * @property {readonly { kind: string, keys: number, bytes: number }[]} keys
 * @property {number} dead
 */

/** @param {RateOptions} options @returns {Promise<Rate>} */
export async function measureRate({ pages, warmUp = 0, processes, concurrency, delayMs }) {
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
      const skipped = warmUp === 0 ? 0 : await settled(redis.client, warmUp);
      const counted = pages - skipped;
      const [began, before] = [performance.now(), await look()];
      const cpuBefore = farm.pids.map(cpuSecondsOf);
      await farm.entered('aggregating');
      const seconds = (performance.now() - began) / 1_000;
      const cpuAfter = farm.pids.map(cpuSecondsOf);
      const after = await look();
      const keys = await keysBySize(redis.client);
      await farm.entered('delivered');
      return {
        processes,
        pages: counted,
        pagesPerSecond: counted / seconds,
        seconds,
        nodeMs: cpuAfter.map((cpu, at) => ((cpu - (cpuBefore[at] ?? 0)) * 1_000) / counted),
        redisMs: ((after.cpuSeconds - before.cpuSeconds) * 1_000) / counted,
        redisBytes: (after.memoryBytes - empty.memoryBytes) / pages,
        commands: commandsBetween(before, after, counted),
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
 * Waits until so many pages of the one batch have their outcome.
 * @param {import('ioredis').Redis} client
 * @param {number} pages
 * @returns {Promise<number>} how many have by then
 */
async function settled(client, pages) {
  const count = await settledOf(client);
  for (;;) {
    const now = await count();
    if (now >= pages) return now;
    await delay(100);
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
