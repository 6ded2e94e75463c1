/**
 * Crawlee's PlaywrightCrawler over the render benchmark's pages. Defaults: as its documentation begins. Tuned: what one
 * can set without leaving it: its pool at a given size from the start, no fingerprints, no wait for the load event,
 * images and fonts kept away in the browser, rows read in one round trip.
 */
import { Configuration, log, PlaywrightCrawler, playwrightUtils } from '@crawlee/playwright';
import { BLOCKED_URLS, QUIET_FLAGS } from '../render/contenders/browser-settings.mjs';
import { rowsWhenShown } from '../render/rows-when-shown.mjs';
import { sandboxFlags, say, task } from './rows-task.mjs';

const { url, kind, pages, concurrency, executablePath, options } = task;
log.setLevel(log.LEVELS.OFF);
const wantedBy = new Map(pages.map(({ path, ready }) => [url + path, { path, wanted: { kind, ready } }]));

const launchOptions = { executablePath, args: [...sandboxFlags, ...(options.tuned ? QUIET_FLAGS : [])] };
const tuning = {
  minConcurrency: concurrency,
  maxConcurrency: concurrency,
  browserPoolOptions: { useFingerprints: false },
  preNavigationHooks: [
    async ({ page }, gotoOptions) => {
      gotoOptions.waitUntil = 'commit';
      await playwrightUtils.blockRequests(page, {
        urlPatterns: [...BLOCKED_URLS, task.others.replace('*', '')],
      });
    },
  ],
};
const startedMs = new Map();
const crawler = new PlaywrightCrawler(
  {
    launchContext: { launchOptions },
    ...(options.tuned ? tuning : {}),
    async requestHandler({ page, request }) {
      const { path, wanted } = wantedBy.get(request.url);
      if (!options.tuned) await page.waitForSelector(wanted.ready);
      const rows = await page.evaluate(rowsWhenShown, wanted);
      say({ path, ms: performance.now() - startedMs.get(request.url), rows });
    },
  },
  new Configuration({ persistStorage: false }),
);
crawler.preNavigationHooks.unshift(({ request }) => {
  startedMs.set(request.url, performance.now());
});
const { requestsFailed } = await crawler.run([...wantedBy.keys()]);
process.exitCode = requestsFailed === 0 ? 0 : 1;
