// @ts-check
/** One seed: a farm, a batch, what befalls them, and the verdict. */
import { setTimeout as delay } from 'node:timers/promises';
import { kill, openFarm } from './farm.mjs';
import { scheduleOf } from './schedule.mjs';
import { againstBooks, againstCatalogue, readDataset } from './truth.mjs';

/** @typedef {import('../../shop/server.mjs').RunningShop} RunningShop */
/** @typedef {import('./schedule.mjs').Fault} Fault */

/**
 * @typedef {object} Verdict
 * @property {number} seed
 * @property {Record<string, number>} faults done, by kind
 * @property {number} again renderings beyond one a page
 * @property {number} mayBeAgain most that the faults excuse
 * @property {number} seconds
 * @property {string[]} problems none: identical, balanced, nothing left
 */

/** Pages in flight in one worker, and in the whole farm. */
const OF_ONE = 4;
const OF_ALL = 4;
/** @type {Record<Fault['kind'], number>} */
const EXCUSED = {
  worker: OF_ONE,
  coordinator: OF_ONE,
  chromium: OF_ONE,
  renderer: OF_ONE,
  redis: OF_ALL,
  outage: OF_ALL,
  storm429: OF_ALL,
};
const LIMIT_MS = 15 * 60_000;

/**
 * The rows of a run that nothing befalls.
 * @param {RunningShop} shop
 */
export async function undisturbed(shop) {
  const farm = await openFarm({ shopUrl: shop.url, workers: 0 });
  try {
    const run = farm.run();
    if ((await run.ended) !== 0) throw new Error(`the undisturbed run failed:\n${farm.talk()}`);
    const { rows } = await readDataset(farm.out);
    const wrong = againstCatalogue(rows, shop.catalogue, shop.url);
    if (wrong.length > 0)
      throw new Error(`the undisturbed run is not the shop's truth:\n${wrong.join('\n')}`);
    return rows;
  } finally {
    await farm.destroy();
  }
}

/**
 * @param {RunningShop} shop
 * @param {{ seed: number, truth: string[], onTalk?: (talk: string) => void }} options
 * @returns {Promise<Verdict>}
 */
export async function storm(shop, { seed, truth, onTalk }) {
  const started = Date.now();
  shop.clearLog();
  const farm = await openFarm({ shopUrl: shop.url, workers: 2 });
  /** @type {Record<string, number>} */
  const done = {};
  let excused = 0;
  /** @type {string[]} */
  const problems = [];
  try {
    farm.begin();
    const count = (/** @type {Fault['kind']} */ kind) => {
      done[kind] = (done[kind] ?? 0) + 1;
      excused += EXCUSED[kind];
    };
    await Promise.all([
      befall(farm, shop, scheduleOf(seed).faults, count),
      befallEnds(farm, scheduleOf(seed).ends, count),
    ]);
    const end = await untilEnded(farm);
    await shop.control({ down: null, rateLimit: null });
    if (end?.state !== 'delivered') problems.push(`it ended ${end?.state}: ${end?.reason}`);
    else {
      const { rows, manifest } = await readDataset(farm.out);
      problems.push(...againstBooks(manifest));
      problems.push(...againstCatalogue(rows, shop.catalogue, shop.url).slice(0, 10));
      if (rows.join('\n') !== truth.join('\n')) problems.push('the dataset differs from the undisturbed run');
    }
    problems.push(...(await farm.close()));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    await shop.control({ down: null, rateLimit: null });
    if (problems.length > 0) onTalk?.(farm.talk());
    await farm.destroy();
  }
  const { pagesRendered, renderedTimes } = shop.log();
  if (pagesRendered !== shop.catalogue.products)
    problems.push(`${shop.catalogue.products - pagesRendered} pages were never rendered`);
  const again = Object.entries(renderedTimes).reduce((sum, [times, n]) => sum + (Number(times) - 1) * n, 0);
  if (again > excused)
    problems.push(`${again} pages rendered again, ${excused} were in flight at the faults`);
  return {
    seed,
    faults: done,
    again,
    mayBeAgain: excused,
    seconds: Math.round((Date.now() - started) / 1000),
    problems,
  };
}

/**
 * @param {import('./farm.mjs').StormFarm} farm
 * @param {RunningShop} shop
 * @param {Fault[]} faults
 * @param {(kind: Fault['kind']) => void} count
 */
async function befall(farm, shop, faults, count) {
  while (!(await isIn(farm, 'fetching'))) if (await hasEnded(farm)) return;
  for (const fault of faults) {
    await delay(fault.afterMs);
    if (!(await isIn(farm, 'fetching'))) return;
    if (await strike(farm, shop, fault)) count(fault.kind);
    if (fault.kind === 'outage' || fault.kind === 'storm429') await delay(fault.forMs);
    await shop.control({ rateLimit: null });
    // The command that opened the batch is given again while there is enough left that it cannot find it ended.
    const isRunning = farm.members().some(({ role }) => role === 'run');
    const { pagesRendered } = shop.log();
    if (!isRunning && pagesRendered < shop.catalogue.products / 2 && (await farm.begun())) farm.run();
  }
}

/**
 * @param {import('./farm.mjs').StormFarm} farm
 * @param {RunningShop} shop
 * @param {Fault} fault
 * @returns {Promise<boolean>} false when there was no victim
 */
async function strike(farm, shop, { kind, pick, forMs, mode }) {
  /** @param {{ pid: number }[]} victims */
  const one = (victims) => {
    const victim = victims[Math.floor(pick * victims.length)];
    return victim !== undefined && kill(victim.pid);
  };
  switch (kind) {
    case 'worker':
      return one(
        farm.members().flatMap(({ child }) => (child.pid === undefined ? [] : [{ pid: child.pid }])),
      );
    case 'coordinator':
      return (await farm.coordinator())?.child.kill('SIGKILL') === true;
    case 'chromium':
      return one(await farm.chromium());
    case 'renderer':
      return one(await farm.renderers());
    case 'redis':
      return one(await farm.redis());
    case 'outage':
      await shop.control({ down: { mode, forMs } });
      return true;
    case 'storm429':
      await shop.control({ rateLimit: { perSecond: 4, retryAfterS: 1 } });
      return true;
  }
}

/**
 * @param {import('./farm.mjs').StormFarm} farm
 * @param {Partial<Record<string, number>>} ends
 * @param {(kind: Fault['kind']) => void} count
 */
async function befallEnds(farm, ends, count) {
  const open = new Map(Object.entries(ends));
  while (open.size > 0 && !(await hasEnded(farm))) {
    const state = (await farm.states()).at(-1)?.state ?? '';
    const afterMs = open.get(state);
    if (afterMs !== undefined) {
      open.delete(state);
      await delay(afterMs);
      if ((await farm.coordinator())?.child.kill('SIGKILL') === true) count('coordinator');
    }
    await delay(5);
  }
}

/**
 * @param {import('./farm.mjs').StormFarm} farm
 * @param {string} state
 */
async function isIn(farm, state) {
  await delay(20);
  return (await farm.states()).at(-1)?.state === state;
}

/** @param {import('./farm.mjs').StormFarm} farm */
async function hasEnded(farm) {
  const state = (await farm.states()).at(-1)?.state ?? '';
  return ['delivered', 'held', 'failed', 'cancelled'].includes(state);
}

/** @param {import('./farm.mjs').StormFarm} farm */
async function untilEnded(farm) {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await hasEnded(farm))) {
    if (Date.now() > deadline) throw new Error(`not ended after ${LIMIT_MS / 60_000} minutes`);
    await delay(100);
  }
  return (await farm.states()).at(-1);
}
