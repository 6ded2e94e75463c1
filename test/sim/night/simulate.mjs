// @ts-check
/**
 * One week: two workers' `startNights` on a Redis of their own, while the clock goes from moment to moment: a batch ends,
 * the machine goes off or on, a job of BullMQ's is due. A job that only waits for its target's last batch is no moment
 * of its own as long as that batch runs.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openBook } from './book.mjs';
import { fakeDate } from './fake-date.mjs';
import { nightJobs } from './night-jobs.mjs';
import { nightsPart, redisPart, schedulesPart, specPart } from './parts.mjs';
import { codeOf } from './targets.mjs';

/** @typedef {'on time' | 'late once' | 'let go' | 'skipped' | 'queued' | 'cancelled last'} Why */

/**
 * @typedef {object} Night a time that was due, and what came of it
 * @property {string} target
 * @property {number} dueMs
 * @property {Why} why
 * @property {boolean} missed no worker was there at its time
 * @property {number} more times after it that were missed as well
 * @property {number} [begunMs]
 * @property {string} [date]
 * @property {number} [endedMs]
 * @property {'delivered' | 'cancelled'} [end]
 */

/**
 * @typedef {object} Week
 * @property {import('./targets.mjs').SimTarget[]} targets
 * @property {number} fromMs
 * @property {number} toMs
 * @property {{ fromMs: number, toMs: number }} off no worker is there
 * @property {Night[]} nights in the order in which they were told
 * @property {string[]} problems
 * @property {{ target: string, nextMs: number | undefined }[]} standing schedules in Redis at the end
 * @property {number} moments
 * @property {number} tookMs of real time
 */

const DAY_MS = 24 * 3_600_000;
/** Not on the hour, so that nothing is due in the very moment. */
const OFF = { minutes: 20 * 60 + 25, hours: 12 };
const WORKERS = 2;
/** Looks of a night that waits, though nothing of its target runs, after which something is wrong. */
const MOST_LOOKS = 10;
const STATES = ['discovering', 'fetching', 'aggregating', 'gating', 'delivering', 'delivered'];

/** @param {{ from: string, days: number, targets: import('./targets.mjs').SimTarget[] }} given @returns {Promise<Week>} */
export async function simulateWeek({ from, days, targets }) {
  const begun = performance.now();
  const fromMs = Date.parse(from);
  const offMs = fromMs + Math.max(0, Math.min(4, days - 2)) * DAY_MS + OFF.minutes * 60_000;
  /** @type {Week} */
  const week = {
    ...{ targets, fromMs, toMs: fromMs + days * DAY_MS },
    off: { fromMs: offMs, toMs: offMs + OFF.hours * 3_600_000 },
    ...{ nights: [], problems: [], standing: [], moments: 0, tookMs: 0 },
  };
  const home = await mkdtemp(path.join(os.tmpdir(), 'thresh-sim-'));
  const targetsDir = path.join(home, 'targets-dir');
  await mkdir(targetsDir);
  for (const target of targets) await writeFile(path.join(targetsDir, `${target.name}.ts`), codeOf(target));
  const { openRedis } = await redisPart();
  const redis = await openRedis({ home, redisUrl: undefined });
  const clock = fakeDate(fromMs);
  try {
    await live(week, { home, targetsDir, redis, clock });
  } finally {
    clock.giveBack();
    await redis.close();
    await rm(home, { recursive: true, force: true });
  }
  week.tookMs = performance.now() - begun;
  return week;
}

/**
 * @param {Week} week
 * @param {{ home: string, targetsDir: string, redis: import('../../../src/queue/redis.js').RedisHandle,
 *   clock: import('./fake-date.mjs').FakeClock }} place
 */
async function live(week, { home, targetsDir, redis, clock }) {
  const { startNights } = await nightsPart();
  const { readStanding } = await schedulesPart();
  const { batchFiles } = await specPart();
  const jobs = await nightJobs(redis.client);
  const book = openBook(week, clock);
  /** @type {import('../../../src/schedule/nights.js').Nights[]} */
  let workers = [];

  const on = async () => {
    for (let count = 0; count < WORKERS; count += 1)
      workers.push(
        await startNights({
          ...{ home, redis, targetsDir, targets: [] },
          outOf: () => path.join(home, 'out'),
          onEvent: book.take,
        }),
      );
  };
  const off = async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    workers = [];
  };
  /** @param {import('./book.mjs').AtWork} ended */
  const deliver = async ({ batch }) => {
    const lines = STATES.map((state) => JSON.stringify({ at: new Date().toISOString(), state }));
    await writeFile(batchFiles(home, batch).journal, `${lines.join('\n')}\n`);
  };

  let looks = 0;

  try {
    await on();
    await jobs.settle(clock.nowMs());
    for (;;) {
      const isOff = workers.length === 0;
      const coming = isOff
        ? []
        : (await jobs.toCome()).filter(({ target, waits }) => !(waits && book.runs(target)));
      const dueMs = Math.min(...coming.map(({ atMs }) => atMs));
      const switchMs = isOff ? week.off.toMs : clock.nowMs() < week.off.fromMs ? week.off.fromMs : Infinity;
      const endMs = isOff ? Infinity : book.nextEndMs();
      const nextMs = Math.min(dueMs, switchMs, endMs);
      if (nextMs >= week.toMs) break;
      clock.moveTo(nextMs);
      week.moments += 1;
      const waiter = coming.find(({ atMs, waits }) => waits && atMs === dueMs && atMs === nextMs);
      looks = waiter === undefined ? 0 : looks + 1;
      if (looks > MOST_LOOKS) throw new Error(`${waiter?.target} waits, though nothing of it runs`);
      if (endMs === nextMs) for (const ended of book.end(nextMs)) await deliver(ended);
      else if (switchMs === nextMs && isOff) {
        book.shift(week.off.toMs - week.off.fromMs);
        await on();
        await jobs.settle(nextMs);
      } else if (switchMs === nextMs) await off();
      else await jobs.settle(clock.nowMs());
    }
    week.standing = (await readStanding(redis)).map(({ target, nextMs }) => ({ target, nextMs }));
  } finally {
    await off();
  }
}
