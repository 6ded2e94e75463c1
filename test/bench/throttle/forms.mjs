// @ts-check
/**
 * The two ways in which the farm is measured, each with what it is compared with. Control plane: pages are plain HTTP
 * requests, so that the target is the bottleneck. Browser: all of it, with the target's times stretched so that the
 * machine's cores are not.
 */
import { findChromium } from '../../../browser-pool/find-chromium.mjs';
import { autoThrottleClient } from './clients/autothrottle.mjs';
import { browserLoopClient } from './clients/browser-loop.mjs';
import { crawleeClient } from './clients/crawlee.mjs';
import { farmClient } from './clients/farm.mjs';
import { fixedClient } from './clients/fixed.mjs';
import { threshRunClient } from './clients/thresh-run.mjs';

/** @typedef {import('./clients/request-loop.mjs').Client} Client */
/** @typedef {import('./target.mjs').TargetOptions} TargetOptions */

/**
 * @typedef {object} Form
 * @property {'control' | 'browser'} id
 * @property {string} title
 * @property {number} pages by default
 * @property {TargetOptions} target with its knee at 4
 * @property {(limit: number) => Client} fixed
 * @property {() => Client} ours
 * @property {(limit: number) => Client} held ours, with no more in flight than that: what its queue and disk cost is in it
 * @property {(best: number) => Client[]} others
 */

const BASE_MS = 50;

const heldName = (/** @type {number} */ limit) => `Thresh, maxConcurrency ${limit}`;

/**
 * @param {{ scale: number | undefined, peers: boolean, short: boolean }} options
 * @returns {Record<Form['id'], Form>}
 */
export function createForms({ scale, peers, short }) {
  const executablePath = findChromium()?.path;
  const crawlee = (/** @type {'http' | 'playwright'} */ kind) => (/** @type {number} */ best) =>
    peers
      ? [
          crawleeClient({ kind, executablePath }),
          crawleeClient({ kind, executablePath, maxConcurrency: best }),
        ]
      : [];
  return {
    control: {
      id: 'control',
      title: 'control plane',
      pages: short ? 300 : 1_000,
      target: targetOf(scale ?? 1, false),
      fixed: fixedClient,
      ours: () => farmClient(),
      held: (limit) => farmClient({ name: heldName(limit), maxConcurrency: limit }),
      others: (best) => [
        ...crawlee('http')(best),
        autoThrottleClient({ startDelayMs: 5_000, concurrency: 1 }),
        autoThrottleClient({ startDelayMs: 100, concurrency: 1 }),
        autoThrottleClient({ startDelayMs: 100, concurrency: best }),
      ],
    },
    browser: {
      id: 'browser',
      title: 'real Chromium',
      pages: short ? 120 : 300,
      target: targetOf(scale ?? 10, true),
      fixed: (limit) => browserLoopClient(limit, executablePath),
      ours: () => threshRunClient(),
      held: (limit) => threshRunClient({ name: heldName(limit), maxConcurrency: limit }),
      others: crawlee('playwright'),
    },
  };
}

/**
 * @param {number} scale
 * @param {boolean} twoRequests
 * @returns {TargetOptions}
 */
function targetOf(scale, twoRequests) {
  return { baseMs: BASE_MS * scale, knee: 4, retryAfterS: Math.ceil(scale), twoRequests };
}
