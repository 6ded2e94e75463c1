// @ts-check
/**
 * Which pages are in flight, asked of the farm's own queue: a page's job is active from a worker's taking it until its
 * outcome is settled or it was put back. The jobs of a killed worker stay active until they are taken over.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { PREFIX, pageQueue } from '../../../dist/src/queue/keys.js';

const ACTIVE = `${PREFIX}:${pageQueue('demo-shop')}:active`;
const PATIENCE_MS = 15_000;

/** @param {string} socket of the farm's embedded Redis */
export function watchFlight(socket) {
  const redis = new Redis({
    path: socket,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
  });
  redis.on('error', () => undefined); // no server yet, or none at the moment

  /** @returns {Promise<number[] | undefined>} undefined when Redis does not answer */
  const pages = () => redis.lrange(ACTIVE, 0, -1).then(pagesOf, () => undefined);

  return {
    pages,

    /** As soon as Redis answers. @returns {Promise<number[]>} */
    async pagesAtLast() {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const found = await pages();
        if (found !== undefined) return found;
        if (Date.now() > deadline) throw new Error(`Redis did not answer within ${PATIENCE_MS} ms`);
        await delay(20);
      }
    },

    /** Redis forgets everything. @returns {Promise<number[] | undefined>} what was in flight then; undefined: it does not answer */
    async forget() {
      const answers = await redis
        .multi()
        .lrange(ACTIVE, 0, -1)
        .flushall()
        .exec()
        .catch(() => null);
      const found = answers?.[0]?.[1];
      return Array.isArray(found) ? pagesOf(found) : undefined;
    },

    close: () => redis.disconnect(),
  };
}

/** @typedef {ReturnType<typeof watchFlight>} Flight */

/** @param {string[]} jobs `BATCH.PAGE` */
function pagesOf(jobs) {
  return jobs.map((job) => Number(job.slice(job.lastIndexOf('.') + 1)));
}
