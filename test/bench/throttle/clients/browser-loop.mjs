// @ts-check
/** A fixed limit with real Chromium: so many warm pages, each loading one URL after the other. */
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright';

const READY_MS = 30_000;

/**
 * @param {number} limit
 * @param {string | undefined} executablePath
 * @returns {import('./request-loop.mjs').Client}
 */
export function browserLoopClient(limit, executablePath) {
  return {
    name: `fixed limit ${limit}`,
    async run({ url, pages, signal, onLimit }) {
      onLimit(limit);
      const browser = await chromium.launch({
        ...(executablePath === undefined ? {} : { executablePath }),
        args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
      });
      signal.addEventListener('abort', () => void browser.close(), { once: true });
      const left = Array.from({ length: pages }, (_, at) => at + 1);

      /** @param {import('playwright').BrowserContext} context */
      async function work(context) {
        const page = await context.newPage();
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const answer = await page.goto(`${url}/page/${next}`, { waitUntil: 'commit' });
          if (answer?.status() === 429) {
            left.push(next);
            await delay(Number(answer.headers()['retry-after']) * 1_000, undefined, { signal });
          } else if (!(await isShown(page))) left.push(next);
        }
      }
      try {
        const context = await browser.newContext();
        await Promise.all(Array.from({ length: limit }, () => work(context)));
      } catch (error) {
        if (!signal.aborted) throw error; // the browser was closed under it
      } finally {
        await browser.close();
      }
      return { givenUp: 0 };
    },
  };
}

/** False when its data was refused. @param {import('playwright').Page} page */
async function isShown(page) {
  return page
    .waitForSelector('[data-sku]', { timeout: READY_MS })
    .then(() => true)
    .catch((error) => {
      if (error.name === 'TimeoutError') return false;
      throw error;
    });
}
