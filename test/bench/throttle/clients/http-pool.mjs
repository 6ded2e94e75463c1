// @ts-check
/**
 * A browser pool without browsers: its pages fetch their document by plain HTTP and show it. With it the farm works as
 * it always does, and the target is the bottleneck, not the machine's cores.
 */
import { createPaperPool } from '../../paper-pool.mjs';

/** @param {number} maxPages */
export function createHttpPool(maxPages) {
  return createPaperPool(maxPages, async (url) => {
    const began = performance.now();
    const answer = await fetch(url).catch((cause) => {
      throw new Error('page.goto: net::ERR_CONNECTION_REFUSED', { cause });
    });
    const firstByteMs = performance.now() - began;
    const headers = Object.fromEntries(answer.headers);
    return { status: answer.status, firstByteMs, headers, body: await answer.text() };
  });
}
