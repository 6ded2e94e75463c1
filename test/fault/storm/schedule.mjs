// @ts-check
/** What befalls a farm under one seed: the same seed draws the same faults in the same order with the same waits. */
import { Dice } from '../../shop/dice.mjs';

/** @typedef {'worker' | 'coordinator' | 'chromium' | 'renderer' | 'redis' | 'outage' | 'storm429'} FaultKind */

/**
 * @typedef {object} Fault
 * @property {FaultKind} kind
 * @property {number} afterMs since the last fault was done
 * @property {number} pick 0 to 1: which of several victims
 * @property {number} forMs how long an outage or a storm lasts, and how long a killed worker stays away
 * @property {'503' | 'reset' | 'refuse'} mode of an outage
 */

/**
 * @typedef {object} Schedule
 * @property {number} seed
 * @property {Fault[]} faults while pages are fetched, begun anew when all are done
 * @property {Partial<Record<string, number>>} ends the coordinator is killed this many ms after the state is entered
 */

/** @type {readonly FaultKind[]} */
export const KINDS = ['worker', 'coordinator', 'chromium', 'renderer', 'redis', 'outage', 'storm429'];
/** Most faults of one seed while pages are fetched: a farm that is hit for ever never ends. */
const MOST_FAULTS = 8;

/** @param {number} seed */
export function scheduleOf(seed) {
  const dice = new Dice(seed, 3);
  const count = dice.whole(4, MOST_FAULTS);
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
  for (const state of ['discovering', 'aggregating', 'gating', 'delivering'])
    if (dice.fraction() < 0.4) ends[state] = dice.whole(0, 250);
  return /** @type {Schedule} */ ({ seed, faults, ends });
}

/** @param {Schedule} schedule */
export function wordsOf({ seed, faults, ends }) {
  const lines = faults.map(
    ({ kind, afterMs, forMs, mode }) =>
      `  +${afterMs} ms ${kind}${kind === 'outage' ? ` (${mode}, ${forMs} ms)` : kind === 'storm429' ? ` (${forMs} ms)` : ''}`,
  );
  const late = Object.entries(ends).map(([state, ms]) => `  coordinator ${ms} ms after ${state}`);
  return [`seed ${seed}:`, ...lines, ...late].join('\n');
}
