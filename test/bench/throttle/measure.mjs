// @ts-check
/** One client against one fresh target, bounded in time. */
import { setMaxListeners } from 'node:events';
import { figuresOf } from './figures.mjs';
import { startTarget } from './target.mjs';

/** @typedef {import('./clients/request-loop.mjs').Client} Client */
/** @typedef {import('./target.mjs').Target} Target */

/**
 * @typedef {object} Setup
 * @property {import('./target.mjs').TargetOptions} target
 * @property {number} pages
 * @property {number} capS the run is ended after it, finished or not
 * @property {(target: Target, run: { signal: AbortSignal, end: () => void }) => Promise<void>} [meanwhile] what befalls
 *   the target; may end the run
 */

/**
 * @typedef {object} Run
 * @property {string} name of the client
 * @property {import('./figures.mjs').Figures} figures
 * @property {readonly import('./target.mjs').Served[]} log
 * @property {{ atMs: number, limit: number }[]} limits what the client said of its own limit
 * @property {number} givenUp pages
 * @property {boolean} capped
 */

/**
 * @param {Client} client
 * @param {Setup} setup
 * @returns {Promise<Run>}
 */
export async function measure(client, { target: options, pages, capS, meanwhile }) {
  const target = await startTarget(options);
  try {
    const ended = new AbortController();
    const cap = AbortSignal.timeout(Math.ceil(capS * 1_000));
    const signal = AbortSignal.any([cap, ended.signal]);
    setMaxListeners(0, signal); // every wait of every slot listens to it
    /** @type {Run['limits']} */
    const limits = [];
    const befalling = meanwhile?.(target, { signal, end: () => ended.abort() }).catch((error) => {
      if (!signal.aborted) throw error;
    });
    const { givenUp } = await client.run({
      url: target.url,
      pages,
      signal,
      onLimit(limit) {
        if (limits.at(-1)?.limit !== limit) limits.push({ atMs: Date.now(), limit });
      },
    });
    const capped = cap.aborted;
    ended.abort();
    await befalling;
    const log = await target.log();
    return { name: client.name, figures: figuresOf(log), log, limits, givenUp, capped };
  } finally {
    await target.stop();
  }
}
