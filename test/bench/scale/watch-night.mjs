// @ts-check
/** Looks on while the pages are fetched, and kills the process with the batch on the way. */
import os from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSecondsOf } from '../queue/cpu-of.mjs';
import { lookAtRedis } from '../queue/redis-look.mjs';
import { settledOf } from '../queue/settled-count.mjs';
import { workerBoardPart } from '../throttle/farm-part.mjs';

/** @typedef {import('../queue/stub-farm.mjs').StubFarm} StubFarm */

/**
 * @typedef {object} ProcessLook
 * @property {string} name "1" is the first that was seen
 * @property {number} heapMb used, after forced garbage collection
 * @property {number} rssMb
 * @property {number} cpuSeconds since fetching began
 */

/**
 * @typedef {object} Look
 * @property {number} seconds since fetching began
 * @property {number} pages that had their outcome
 * @property {number} redisMb
 * @property {number} slots that the workers take now
 * @property {number} inFlight pages
 * @property {readonly ProcessLook[]} processes
 */

/**
 * @typedef {object} Killed
 * @property {number} atSeconds
 * @property {number} pages that had their outcome then
 * @property {number} takenOverAfter seconds until somebody had put the batch together again
 * @property {number} backAfter seconds until a window of pages more than that had their outcome
 * @property {number} pagesWhenBack
 */

/**
 * @typedef {object} Watched
 * @property {number} seconds from the first page to the last
 * @property {readonly Look[]} looks
 * @property {readonly { seconds: number, pages: number }[]} pace about once a second
 * @property {number} redisCpuSeconds
 * @property {number} machineCpuSeconds of all that ran on this machine
 * @property {Killed | undefined} killed
 */

/** @typedef {{ pages: number, killAt: number, client: import('ioredis').Redis, progress: (said: string) => void }} WatchOptions */

const MB = 1_024 ** 2;
const LOOKS = 120;
/** Each costs a garbage collection. */
const LEAST_LOOK_S = 1.5;
const POLL_MS = 100;
const PACE_S = 1;
/** Pages that the queue holds at most: they were there when the batch stood still. */
const WINDOW = 1_000;

/** @param {StubFarm} farm @param {WatchOptions} options @returns {Promise<Watched>} */
export async function watchNight(farm, { pages, killAt, client, progress }) {
  const began = performance.now();
  const secondsAt = (/** @type {number} */ ms) => (ms - began) / 1_000;
  const redisBefore = (await lookAtRedis(client)).cpuSeconds;
  const machineBefore = machineCpuSeconds();
  const count = await settledOf(client);
  const look = await createLook(farm, client);
  /** @type {Look[]} */
  const looks = [];
  /** @type {{ seconds: number, pages: number }[]} */
  const pace = [{ seconds: 0, pages: 0 }];
  /** @type {Killed | undefined} */
  let killed;
  /** @type {Promise<void> | undefined} */
  let killing;
  let isKilling = false;
  let isOver = false;
  const over = farm.entered('aggregating').then(() => {
    isOver = true;
  });
  over.catch(() => undefined); // told below

  /** @param {number} settled */
  async function kill(settled) {
    isKilling = true;
    const atMs = performance.now();
    progress(`  the process with the batch is killed at ${settled} pages`);
    const taken = await farm.killRunner();
    let now = await count();
    while (now < Math.min(pages, taken.settled + WINDOW)) {
      await delay(POLL_MS);
      now = await count();
    }
    const backAfter = (performance.now() - atMs) / 1_000;
    killed = {
      ...{ atSeconds: secondsAt(atMs), pages: settled, pagesWhenBack: now, backAfter },
      takenOverAfter: (taken.atMs - atMs) / 1_000,
    };
    progress(`  the batch goes on after ${backAfter.toFixed(1)} s`);
    isKilling = false;
  }

  for (let next = pages / LOOKS; !isOver; ) {
    const settled = await count();
    const seconds = secondsAt(performance.now());
    const last = pace.at(-1) ?? { seconds: 0, pages: 0 };
    // Whoever takes over counts from nothing: until that is done nothing new has come.
    if (seconds - last.seconds >= PACE_S) pace.push({ seconds, pages: Math.max(settled, last.pages) });
    if (killing === undefined && killAt > 0 && settled >= pages * killAt) {
      killing = kill(settled);
      killing.catch(() => undefined); // told below
    }
    if (!isKilling && settled >= next && seconds - (looks.at(-1)?.seconds ?? 0) >= LEAST_LOOK_S) {
      looks.push({ seconds, pages: settled, ...(await look()) });
      next = (Math.floor((settled * LOOKS) / pages) + 1) * (pages / LOOKS);
      if (looks.length % 10 === 0) progress(lineOf(looks.at(-1)));
    }
    await Promise.race([over, delay(POLL_MS)]);
  }
  await over;
  const seconds = secondsAt(performance.now());
  await killing;
  const redisCpuSeconds = (await lookAtRedis(client)).cpuSeconds - redisBefore;
  return {
    ...{ seconds, looks, pace, redisCpuSeconds, killed },
    machineCpuSeconds: machineCpuSeconds() - machineBefore,
  };
}

function machineCpuSeconds() {
  const busyMs = os.cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq);
  return busyMs.reduce((sum, ms) => sum + ms, 0) / 1_000;
}

/** @param {StubFarm} farm @param {import('ioredis').Redis} client */
async function createLook(farm, client) {
  const { createWorkerBoard } = await workerBoardPart();
  const board = createWorkerBoard(client);
  /** @type {Map<number, string>} */
  const names = new Map();
  const before = new Map(farm.pids.map((pid) => [pid, cpuSecondsOf(pid)]));
  return async () => {
    const insides = await farm.insides();
    for (const pid of insides.keys()) if (!names.has(pid)) names.set(pid, `${names.size + 1}`);
    const standing = await board.standing();
    const sum = (/** @type {'slots' | 'inFlight'} */ of) => standing.reduce((all, one) => all + one[of], 0);
    return {
      ...{ slots: sum('slots'), inFlight: sum('inFlight') },
      redisMb: (await lookAtRedis(client)).memoryBytes / MB,
      processes: [...insides].map(([pid, { memory }]) => ({
        name: names.get(pid) ?? '',
        heapMb: memory.heapUsed / MB,
        rssMb: memory.rss / MB,
        cpuSeconds: cpuSecondsOf(pid) - (before.get(pid) ?? 0),
      })),
    };
  };
}

/** @param {Look | undefined} look */
function lineOf(look) {
  if (look === undefined) return '';
  const { pages, seconds, redisMb, processes, slots, inFlight } = look;
  const rss = processes.map(({ rssMb }) => rssMb.toFixed(0)).join(', ');
  return `  ${pages} pages, ${(pages / seconds).toFixed(0)} pages/s, ${inFlight} in flight of ${slots} slots: Redis ${redisMb.toFixed(1)} MB, RSS ${rss} MB`;
}
