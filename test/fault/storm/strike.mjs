// @ts-check
/** What each kind of fault does to a farm, and which pages were in flight when it did. */
import { setTimeout as delay } from 'node:timers/promises';
import { allProcesses, kill, lineageOf } from './processes.mjs';
import { fill } from './small-disk.mjs';

/** @typedef {import('./farm.mjs').StormFarm} StormFarm */
/** @typedef {import('./excuses.mjs').InFlight} InFlight */
/** @typedef {import('./processes.mjs').Process} Process */

/**
 * @typedef {object} Battlefield
 * @property {StormFarm} farm
 * @property {import('../../shop/server.mjs').RunningShop} shop
 * @property {import('./flight.mjs').Flight} flight
 * @property {import('./excuses.mjs').Excuses} excuses
 */

/**
 * Resolves when the fault is over.
 * @param {Battlefield} field
 * @param {import('./schedule.mjs').Fault} fault
 * @returns {Promise<boolean>} false when there was no victim
 */
export async function strike(field, { kind, pick, forMs, mode }) {
  const { farm, shop } = field;
  /** @type {<T>(victims: readonly T[]) => T | undefined} */
  const one = (victims) => victims[Math.floor(pick * victims.length)];
  switch (kind) {
    case 'worker':
      return killMember(field, one(farm.members()));
    case 'coordinator':
      return killMember(field, await farm.coordinator());
    case 'chromium':
    case 'renderer':
    case 'redis': {
      const all = await allProcesses();
      const victim = one(victimsOf[kind](farm, all));
      if (victim === undefined) return false;
      // Redis has no owner: whatever is in flight in the farm may be its victim.
      const ancestors = kind === 'redis' ? [] : lineageOf(victim, all).map(({ pid }) => pid);
      const owner = farm.members().find(({ child }) => ancestors.includes(child.pid ?? 0));
      return excusing(field, () => kill(victim.pid), owner?.pages);
    }
    case 'flush':
      return forget(field);
    case 'outage': {
      const done = await excusing(field, () => shop.control({ down: { mode, forMs } }).then(() => true));
      await delay(forMs);
      return done;
    }
    case 'storm429': {
      const since = new Date().toISOString();
      await shop.control({ rateLimit: { perSecond: 4, retryAfterS: 1 } });
      await delay(forMs);
      await shop.control({ rateLimit: null });
      field.excuses.addRefused(shop.accessLog().filter(({ at }) => at >= since));
      return true;
    }
    case 'disk': {
      if (farm.batches === undefined) return false;
      const free = await fill(farm.batches);
      await delay(forMs);
      await free();
      return true; // what was rendered waits for room: nothing to excuse
    }
  }
}

/**
 * @param {Battlefield} field
 * @param {import('./farm.mjs').Member | undefined} member
 */
export async function killMember(field, member) {
  return member !== undefined && excusing(field, () => member.child.kill('SIGKILL'), member.pages);
}

/** @type {Record<'chromium' | 'renderer' | 'redis', (farm: StormFarm, all: readonly Process[]) => Process[]>} */
const victimsOf = {
  chromium: (farm, all) => all.filter((one) => isBrowser(one, farm)),
  renderer: (farm, all) =>
    all.filter(
      (one) =>
        one.line.includes('--type=renderer') && lineageOf(one, all).some((above) => isBrowser(above, farm)),
    ),
  redis: (farm, all) =>
    all.filter(({ line }) => /^\S*(redis|valkey)-server /.test(line) && line.includes(farm.socket)),
};

/**
 * Renderers do not always name their browser's folder; they descend from the process that does.
 * @param {Process} one
 * @param {StormFarm} farm
 */
function isBrowser({ line }, { home }) {
  return line.includes(`${home}/browsers/`) && !line.includes('--type=');
}

/**
 * @param {Battlefield} field
 * @param {() => boolean | Promise<boolean>} act false when there was no victim any more
 * @param {number} [capacity] pages that the victim renders at once; default: those of the whole farm
 */
async function excusing({ flight, excuses }, act, capacity = Infinity) {
  const before = await flight.pages();
  if (!(await act())) return false;
  // A page may have come into flight between the look and the deed. Without Redis nothing moves until it is back.
  const after = before === undefined ? await flight.pagesAtLast() : ((await flight.pages()) ?? []);
  const pages = [...new Set([...(before ?? []), ...after])];
  excuses.add({ pages, most: Math.min(capacity, (before ?? after).length) });
  return true;
}

/** @param {Battlefield} field */
async function forget({ flight, excuses }) {
  const pages = await flight.forget();
  if (pages !== undefined) excuses.add({ pages, most: pages.length });
  return pages !== undefined;
}
