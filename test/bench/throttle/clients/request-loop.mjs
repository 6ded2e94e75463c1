// @ts-check
/** Pages asked for by plain HTTP, as fast as a pace allows: what fixed limits and Scrapy's rule run on. */
import { setTimeout as delay } from 'node:timers/promises';

/**
 * What a client is given. The loop ends when all pages are served or given up, or `signal` aborts.
 * @typedef {object} Task
 * @property {string} url of the target, without a slash at its end
 * @property {number} pages their numbers go from 1
 * @property {AbortSignal} signal
 * @property {(limit: number) => void} onLimit to be called whenever the client's own limit changes
 */

/**
 * @typedef {object} Client
 * @property {string} name
 * @property {(task: Task) => Promise<{ givenUp: number }>} run
 */

/**
 * @typedef {object} Pace
 * @property {number} slots requests at once
 * @property {() => number} delayMs from a start to the next
 * @property {(answer: { status: number, ms: number }) => void} answered `ms`: until the first byte
 * @property {boolean} heedsRetryAfter the slot of a refused page waits as long as it was asked to
 * @property {number} retries of a refused page before it is given up
 */

/**
 * @param {Task} task
 * @param {Pace} pace
 * @returns {Promise<{ givenUp: number }>}
 */
export async function requestLoop({ url, pages, signal }, pace) {
  const left = Array.from({ length: pages }, (_, at) => ({ page: at + 1, refusals: 0 }));
  /** @type {Set<Promise<void>>} */
  const open = new Set();
  let nextStart = 0;
  let givenUp = 0;

  /** @param {{ page: number, refusals: number }} one */
  async function attempt(one) {
    const began = performance.now();
    const answer = await fetch(`${url}/page/${one.page}`);
    pace.answered({ status: answer.status, ms: performance.now() - began });
    await answer.arrayBuffer();
    if (answer.status !== 429) return;
    if (one.refusals >= pace.retries) {
      givenUp += 1;
      return;
    }
    if (pace.heedsRetryAfter)
      await delay(Number(answer.headers.get('retry-after')) * 1_000, undefined, { signal });
    left.push({ ...one, refusals: one.refusals + 1 });
  }

  while ((left.length > 0 || open.size > 0) && !signal.aborted) {
    const waitMs = nextStart - performance.now();
    const next = open.size < pace.slots && waitMs <= 0 ? left.shift() : undefined;
    if (next === undefined) {
      const later = left.length > 0 && waitMs > 0 ? [delay(waitMs, undefined, { signal })] : [];
      await Promise.race([...open, ...later]).catch(unless(signal));
      continue;
    }
    nextStart = performance.now() + pace.delayMs();
    const work = attempt(next)
      .catch(unless(signal))
      .finally(() => open.delete(work));
    open.add(work);
  }
  await Promise.all(open);
  return { givenUp };
}

/**
 * What fails because the time is up is no failure.
 * @param {AbortSignal} signal
 * @returns {(error: unknown) => void}
 */
function unless(signal) {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}
