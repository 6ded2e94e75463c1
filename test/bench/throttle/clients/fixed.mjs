// @ts-check
/** A limit that never changes, chosen by somebody who knew. */
import { requestLoop } from './request-loop.mjs';

/**
 * @param {number} limit
 * @returns {import('./request-loop.mjs').Client}
 */
export function fixedClient(limit) {
  return {
    name: `fixed limit ${limit}`,
    run(task) {
      task.onLimit(limit);
      return requestLoop(task, {
        slots: limit,
        delayMs: () => 0,
        answered: () => undefined,
        heedsRetryAfter: true,
        retries: Number.POSITIVE_INFINITY,
      });
    },
  };
}
