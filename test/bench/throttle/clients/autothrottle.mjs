// @ts-check
/**
 * Scrapy's AutoThrottle, after its documentation (docs.scrapy.org, "AutoThrottle extension") and with Scrapy's other
 * defaults: 8 requests a domain at once, a delay drawn from half to one and a half of what it should be, a refused page
 * tried twice more, `Retry-After` not heeded.
 */
import { requestLoop } from './request-loop.mjs';

const MAX_DELAY_MS = 60_000;
const PER_DOMAIN = 8;
const RETRIES = 2;

/**
 * `concurrency` is AUTOTHROTTLE_TARGET_CONCURRENCY (1 by default), `startDelayMs` AUTOTHROTTLE_START_DELAY (5 s).
 * @param {{ startDelayMs: number, concurrency: number }} settings
 * @returns {import('./request-loop.mjs').Client}
 */
export function autoThrottleClient({ startDelayMs, concurrency }) {
  return {
    name: `AutoThrottle from ${startDelayMs / 1_000} s, N = ${concurrency}`,
    run(task) {
      const draw = createDraw();
      let delayMs = startDelayMs;
      return requestLoop(task, {
        slots: PER_DOMAIN,
        delayMs: () => delayMs * (0.5 + draw()),
        answered({ status, ms }) {
          delayMs = nextDelayMs(delayMs, { status, ms, concurrency });
          task.onLimit(ms / delayMs); // what the delay comes to: requests that are open on average
        },
        heedsRetryAfter: false,
        retries: RETRIES,
      });
    },
  };
}

/**
 * @param {number} oldMs
 * @param {{ status: number, ms: number, concurrency: number }} answer
 */
function nextDelayMs(oldMs, { status, ms, concurrency }) {
  const targetMs = ms / concurrency;
  const newMs = Math.min(MAX_DELAY_MS, Math.max(targetMs, (oldMs + targetMs) / 2));
  return status !== 200 && newMs <= oldMs ? oldMs : newMs;
}

/** The same numbers in every run (mulberry32). */
function createDraw() {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
