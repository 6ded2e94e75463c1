// @ts-check
/** What befalls a farm under one seed: the same seed draws the same faults in the same order with the same waits. */
import { Dice } from '../../shop/dice.mjs';

/** @typedef {'worker' | 'coordinator' | 'chromium' | 'renderer' | 'redis' | 'flush' | 'outage' | 'storm429' | 'disk'} FaultKind */

/**
 * @typedef {object} Fault
 * @property {FaultKind} kind
 * @property {number} afterMs since the last fault was done
 * @property {number} pick 0 to 1: which of several victims
 * @property {number} forMs how long an outage, a storm of 429 or a full disk lasts
 * @property {'503' | 'reset' | 'refuse'} mode of an outage
 */

/**
 * @typedef {object} Schedule
 * @property {number} seed
 * @property {'folder' | 's3'} destination where the batch is delivered; to S3 through a proxy that puts faults in
 * @property {Fault[]} faults while pages are fetched
 * @property {Partial<Record<string, number>>} ends the coordinator is killed this many ms after the state is entered
 */

/** @type {readonly FaultKind[]} */
export const KINDS = [
  'worker',
  'coordinator',
  'chromium',
  'renderer',
  'redis',
  'flush',
  'outage',
  'storm429',
  'disk',
];
const LEAST_FAULTS = 5;
/** A farm that is hit for ever never ends. */
const MOST_FAULTS = 9;
const TO_S3 = 1 / 3;

/**
 * @param {number} seed
 * @returns {Schedule}
 */
export function scheduleOf(seed) {
  const dice = new Dice(seed, 3);
  const destination = dice.fraction() < TO_S3 ? 's3' : 'folder';
  const count = dice.whole(LEAST_FAULTS, MOST_FAULTS);
  /** @type {Fault[]} */
  const faults = Array.from({ length: count }, () => ({
    kind: dice.pick(KINDS),
    afterMs: dice.whole(200, 5_000),
    pick: dice.fraction(),
    forMs: dice.whole(500, 3_000),
    mode: dice.pick(/** @type {const} */ (['503', 'reset', 'refuse'])),
  }));
  /** @type {Schedule['ends']} */
  const ends = {};
  for (const state of ['discovering', 'aggregating', 'gating', 'delivering']) {
    // A delivery to S3 takes seconds, everything else a moment.
    const mostMs = state === 'delivering' && destination === 's3' ? 2_000 : 250;
    if (dice.fraction() < 0.4) ends[state] = dice.whole(0, mostMs);
  }
  return { seed, destination, faults, ends };
}

/**
 * What happens to each request to S3 in turn: errors, connections cut before or after the request was carried out, slow
 * answers, and mostly nothing. Seldom enough that no request fails more often than a client tries.
 * @param {number} seed
 * @returns {() => import('../../support/fault-proxy.mjs').Fault | undefined}
 */
export function s3FaultsOf(seed) {
  const dice = new Dice(seed, 4);
  return () => {
    const drawn = dice.fraction();
    const waitMs = dice.whole(50, 800);
    if (drawn < 0.1) return { answer: 500 };
    if (drawn < 0.16) return { cut: 'before' };
    if (drawn < 0.22) return { cut: 'after' };
    return drawn < 0.32 ? { waitMs } : undefined;
  };
}

/** @param {Schedule} schedule */
export function wordsOf({ seed, destination, faults, ends }) {
  const lines = faults.map(({ kind, afterMs, forMs, mode }) => {
    const what = { outage: ` (${mode}, ${forMs} ms)`, storm429: ` (${forMs} ms)`, disk: ` (${forMs} ms)` };
    return `  +${afterMs} ms ${kind}${kind in what ? what[/** @type {keyof typeof what} */ (kind)] : ''}`;
  });
  const late = Object.entries(ends).map(([state, ms]) => `  coordinator ${ms} ms after ${state}`);
  return [`seed ${seed}, delivered to ${destination}:`, ...lines, ...late].join('\n');
}
