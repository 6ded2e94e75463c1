// @ts-check
/** One seed: a farm, a batch, what befalls them, and the verdict. */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createExcuses } from './excuses.mjs';
import { openFarm } from './farm.mjs';
import { watchFlight } from './flight.mjs';
import { folderPlace, s3Place } from './places.mjs';
import { pollPlace } from './reader.mjs';
import { s3FaultsOf, scheduleOf } from './schedule.mjs';
import { maySmallDisk } from './small-disk.mjs';
import { killMember, strike } from './strike.mjs';
import { againstBooks, againstCatalogue, readDataset } from './truth.mjs';

/** @typedef {import('../../shop/server.mjs').RunningShop} RunningShop */
/** @typedef {import('./strike.mjs').Battlefield} Battlefield */
/** @typedef {(kind: import('./schedule.mjs').FaultKind) => void} Count */

/**
 * @typedef {object} Truth the run that nothing befell
 * @property {string[]} rows
 * @property {ReadonlyMap<string, Buffer>} files by name, `_SUCCESS` the last
 */

/**
 * @typedef {object} Verdict
 * @property {number} seed
 * @property {'folder' | 's3'} destination
 * @property {Record<string, number>} faults done, by kind; `s3` those of requests to S3
 * @property {number} again renderings beyond one a page
 * @property {number} mayBeAgain most that the faults excuse
 * @property {number} looks of the reader
 * @property {number} seconds
 * @property {string[]} problems none: identical, balanced, never partial, nothing left
 */

const LIMIT_MS = 15 * 60_000;
/** The reader's pace while nothing can change, and from the gate on. */
const SLOW_LOOK_MS = 200;
const QUICK_LOOK_MS = 50;

/**
 * The dataset of a run that nothing befalls.
 * @param {RunningShop} shop
 * @returns {Promise<Truth>}
 */
export async function undisturbed(shop) {
  const farm = await openFarm({ shopUrl: shop.url, workers: 0 });
  try {
    const place = folderPlace(path.join(farm.dir, 'out'));
    const code = await farm.begin(place).ended;
    if (code !== 0) throw new Error(`the undisturbed run failed:\n${farm.talk()}`);
    const { rows, files } = await readDataset(place);
    const wrong = againstCatalogue(rows, shop.catalogue, shop.url);
    if (wrong.length > 0)
      throw new Error(`the undisturbed run is not the shop's truth:\n${wrong.join('\n')}`);
    return { rows, files };
  } finally {
    await farm.destroy();
  }
}

/**
 * The dataset of the undisturbed run stands in the place already, as an earlier batch of that date, so that the delivery
 * has something to replace.
 * @param {RunningShop} shop
 * @param {{ seed: number, truth: Truth, swift?: Pick<import('../../support/swift.mjs').Swift, 'endpoint' | 'env'> | undefined, workers?: number, onTalk?: (talk: string) => void }} options
 *   without `swift` everything is delivered to a folder; `workers` beside the command that opens the batch
 * @returns {Promise<Verdict>}
 */
export async function storm(shop, { seed, truth, swift, workers = 2, onTalk }) {
  const started = Date.now();
  const { faults, ends, destination } = scheduleOf(seed);
  shop.clearLog();
  const smallDisk = maySmallDisk() && faults.some(({ kind }) => kind === 'disk');
  const farm = await openFarm({ shopUrl: shop.url, workers, smallDisk });
  const place =
    swift !== undefined && destination === 's3'
      ? await s3Place(swift, { prefix: `seed-${seed}`, nextFault: s3FaultsOf(seed) })
      : folderPlace(path.join(farm.dir, 'out'));
  const flight = watchFlight(farm.socket);
  const field = { farm, shop, flight, excuses: createExcuses() };
  /** @type {Record<string, number>} */
  const done = {};
  let looks = 0;
  let again = 0;
  let mayBeAgain = 0;
  /** @type {string[]} */
  const problems = [];
  try {
    await place.put(truth.files);
    const reader = pollPlace(place, () =>
      ['gating', 'delivering'].includes(farm.last()?.state ?? '') ? QUICK_LOOK_MS : SLOW_LOOK_MS,
    );
    farm.begin(place);
    /** @type {Count} */
    const count = (kind) => {
      done[kind] = (done[kind] ?? 0) + 1;
    };
    await Promise.all([befall(field, faults, count), befallEnds(field, ends, count), untilEnded(farm)]);
    const end = farm.last();
    if (end?.state !== 'delivered') problems.push(`it ended ${end?.state}: ${end?.reason}`);
    else {
      const { rows, manifest } = await readDataset(place);
      problems.push(...againstBooks(manifest));
      problems.push(...againstCatalogue(rows, shop.catalogue, shop.url).slice(0, 10));
      if (rows.join('\n') !== truth.rows.join('\n'))
        problems.push('the dataset differs from the undisturbed run');
    }
    const books = field.excuses.judge(shop.log().rendered, await farm.frontier());
    ({ again, most: mayBeAgain } = books);
    problems.push(...books.problems.slice(0, 20));
    problems.push(...(await farm.close()));
    problems.push(...(await place.leftovers()));
    const seen = await reader.stop();
    looks = seen.looks;
    problems.push(...seen.problems);
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await shop.control({ down: null, rateLimit: null });
    if (problems.length > 0) onTalk?.(farm.talk());
    flight.close();
    await farm.destroy();
    await place.close();
  }
  const s3 = place.faults();
  return {
    seed,
    destination: place.appearsWhole ? 'folder' : 's3',
    faults: s3 === 0 ? done : { ...done, s3 },
    again,
    mayBeAgain,
    looks,
    seconds: Math.round((Date.now() - started) / 1000),
    problems,
  };
}

/**
 * @param {Battlefield} field
 * @param {readonly import('./schedule.mjs').Fault[]} faults
 * @param {Count} count
 */
async function befall(field, faults, count) {
  const { farm, shop } = field;
  while (farm.last()?.state !== 'fetching' && !farm.hasEnded()) await delay(20);
  for (const fault of faults) {
    await delay(fault.afterMs);
    if (farm.last()?.state !== 'fetching') return;
    if (await strike(field, fault)) count(fault.kind);
    // The command that opened the batch is given again while there is enough left that it cannot find it ended.
    const isRunning = farm.members().some(({ role }) => role === 'run');
    if (!isRunning && shop.log().pagesRendered < shop.catalogue.products / 2) farm.run();
  }
}

/**
 * @param {Battlefield} field
 * @param {Partial<Record<string, number>>} ends
 * @param {Count} count
 */
async function befallEnds(field, ends, count) {
  const { farm } = field;
  const open = new Map(Object.entries(ends));
  while (open.size > 0 && !farm.hasEnded()) {
    const state = farm.last()?.state ?? '';
    const afterMs = open.get(state);
    if (afterMs !== undefined) {
      open.delete(state);
      await delay(afterMs);
      if (await killMember(field, await farm.coordinator())) count('coordinator');
    }
    await delay(10);
  }
}

/** @param {import('./farm.mjs').StormFarm} farm */
async function untilEnded(farm) {
  const deadline = Date.now() + LIMIT_MS;
  while (!farm.hasEnded()) {
    if (Date.now() > deadline) throw new Error(`not ended after ${LIMIT_MS / 60_000} minutes`);
    await delay(50);
  }
}
