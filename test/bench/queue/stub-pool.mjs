// @ts-check
/**
 * A browser pool without browsers: its pages answer by themselves, at once or after a drawn delay. What is left of a
 * page's cost is the farm's own.
 */
import { createPaperPool } from '../paper-pool.mjs';

/** Of all delays: what a server answers, with a tail. */
const SPREAD = 0.25;

/**
 * @typedef {object} StubPoolOptions
 * @property {number} maxPages
 * @property {number} delayMs the median; 0: at once
 * @property {number} [spread] standard deviation of the delay's logarithm
 * @property {() => number} [random] from 0 to below 1
 */

/** @param {StubPoolOptions} options */
export function createStubPool({ maxPages, delayMs, spread = SPREAD, random = Math.random }) {
  return createPaperPool(maxPages, async (url) => {
    // Whole ms: Node keeps a list of timers for each duration.
    const drawnMs = delayMs === 0 ? 0 : Math.round(delayMs * Math.exp(spread * normal(random)));
    if (drawnMs > 0) await new Promise((resolve) => setTimeout(resolve, drawnMs));
    const body = `<p data-sku="${url.slice(url.lastIndexOf('/') + 1)}">`;
    return { status: 200, firstByteMs: Math.max(1, drawnMs), headers: { 'content-type': 'text/html' }, body };
  });
}

/** By Box and Muller. @param {() => number} random */
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The same numbers for the same seed, from 0 to below 1: Mulberry32. @param {number} seed @returns {() => number} */
export function createRandom(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
