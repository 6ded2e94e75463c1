// @ts-check
/**
 * The best loop on Playwright that one writes by hand: warm pages, blocking in the browser, one round trip to read.
 * Options vary the browser, for the sweep of its settings.
 */
import path from 'node:path';
import { chromium } from 'playwright';
import { rowsWhenShown } from '../rows-when-shown.mjs';
import { BLOCKED_URLS, NETWORK_BUFFERS, QUIET_FLAGS, SANDBOX_FLAGS } from './browser-settings.mjs';
import { readTask, workThrough } from './task.mjs';

/**
 * @typedef {object} Varied
 * @property {string} [executablePath]
 * @property {string[]} [flags] after all others, so that they win
 * @property {number} [browsers] that the workers are spread over, by default 1
 * @property {boolean} [contextEach] a context for each worker instead of one for all
 * @property {boolean} [persistent] the profile's own context, whose caches are on disk
 */

const task = readTask();
/** @type {Varied} */
const {
  executablePath = task.executablePath,
  flags = [],
  browsers = 1,
  contextEach,
  persistent,
} = task.options ?? {};
const launch = { executablePath, args: [...QUIET_FLAGS, ...SANDBOX_FLAGS, ...flags] };
const opened = await Promise.all(
  Array.from({ length: browsers }, async (_, at) => {
    if (persistent) {
      const context = await chromium.launchPersistentContext(path.join(task.temp, `profile-${at}`), launch);
      return { context: async () => context, close: () => context.close() };
    }
    const browser = await chromium.launch(launch);
    const shared = await browser.newContext();
    return {
      context: async () => (contextEach ? browser.newContext() : shared),
      close: () => browser.close(),
    };
  }),
);
let workers = 0;
await workThrough(task, async () => {
  const context = await opened[workers++ % browsers]?.context();
  if (context === undefined) throw new Error('there is no browser');
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable', NETWORK_BUFFERS);
  await session.send('Network.setBlockedURLs', { urls: [...BLOCKED_URLS, task.others] });
  return async ({ url, wanted, isSoft }) => {
    if (!isSoft) await page.goto(url, { waitUntil: 'commit' });
    return page.evaluate(rowsWhenShown, wanted);
  };
});
await Promise.all(opened.map(({ close }) => close()));
