// @ts-check
/** Looks on at a farm through its Redis: the limit that is applied to the target's queue, and attempts that failed. */
import { setTimeout as delay } from 'node:timers/promises';
import { batchBoardPart, pageLedgerPart, queuesPart, redisPart } from './farm-part.mjs';

const LOOK_MS = 100;

/**
 * @typedef {object} FarmWatch
 * @property {() => Promise<void>} stop
 */

/**
 * @param {{ home: string, target: string }} farm
 * @param {(seen: { limit: number | undefined, retries: number }) => void} onLook many times a second
 * @returns {Promise<FarmWatch>}
 */
export async function watchFarm({ home, target }, onLook) {
  const [{ openRedis }, { openPageQueue }, { openBatches }, { createPageLedger }] = await Promise.all([
    redisPart(),
    queuesPart(),
    batchBoardPart(),
    pageLedgerPart(),
  ]);
  const redis = await openRedis({ home, redisUrl: undefined });
  const queue = openPageQueue(redis, target);
  let stopped = false;

  async function look() {
    const batch = Object.entries(await openBatches(redis.client)).find(([, name]) => name === target)?.[0];
    const limit = (await queue.getGlobalConcurrency()) ?? undefined;
    const retries = batch === undefined ? 0 : (await createPageLedger(redis.client, batch).counts()).retries;
    onLook({ limit, retries });
  }
  const looking = (async () => {
    while (!stopped) {
      await look();
      await delay(LOOK_MS);
    }
  })();
  looking.catch(() => undefined); // told by `stop`
  return {
    async stop() {
      stopped = true;
      await looking;
      await queue.close();
      await redis.close();
    },
  };
}
