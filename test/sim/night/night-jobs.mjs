// @ts-check
/** A look at BullMQ's own keys: what is due when, and whether all that is due by now is done. */
import { setTimeout as delay } from 'node:timers/promises';
import { keysPart } from './parts.mjs';

/**
 * @typedef {object} NightJobs
 * @property {() => Promise<{ target: string, atMs: number, waits: boolean }[]>} toCome `waits`: only for the last batch
 * @property {(nowMs: number) => Promise<void>} settle wakes the workers, and returns when nothing that is due is left
 */

/** BullMQ keeps the time in the upper bits of a score. */
const PER_MS = 0x1000;
const LOOK_MS = 2;
const STUCK_MS = 30_000;

/** @param {import('ioredis').Redis} client @returns {Promise<NightJobs>} */
export async function nightJobs(client) {
  const { NIGHT_QUEUE, PREFIX } = await keysPart();
  /** @param {string} name */
  const key = (name) => `${PREFIX}:${NIGHT_QUEUE}:${name}`;

  return {
    async toCome() {
      const pairs = await client.zrange(key('delayed'), '0', '-1', 'WITHSCORES');
      const jobs = [];
      for (let at = 0; at < pairs.length; at += 2) {
        const text = await client.hget(key(String(pairs[at])), 'data');
        /** @type {import('../../../src/queue/queues.js').NightJob} */
        const { target, waitsSinceMs } = JSON.parse(text ?? '{}');
        jobs.push({
          target,
          atMs: Math.floor(Number(pairs[at + 1]) / PER_MS),
          waits: waitsSinceMs !== undefined,
        });
      }
      return jobs;
    },
    async settle(nowMs) {
      const begun = performance.now();
      for (;;) {
        // Workers wait in real time for what is due: a marker makes them look at the clock again.
        await client.zadd(key('marker'), '0', '0');
        const [waiting, active, due] = await Promise.all([
          client.llen(key('wait')),
          client.llen(key('active')),
          client.zcount(key('delayed'), '-inf', (nowMs + 1) * PER_MS - 1),
        ]);
        if (waiting + active + due === 0) return;
        if (performance.now() - begun > STUCK_MS)
          throw new Error(
            `stuck at ${new Date(nowMs).toISOString()}: ${waiting} wait, ${active} active, ${due} due`,
          );
        await delay(LOOK_MS);
      }
    },
  };
}
