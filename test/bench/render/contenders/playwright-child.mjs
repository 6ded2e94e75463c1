// @ts-check
/** The best loop on Playwright that one writes by hand: warm pages, blocking in the browser, one round trip to read. */
import { chromium } from 'playwright';
import { rowsWhenShown } from '../rows-when-shown.mjs';
import { BLOCKED_URLS, NETWORK_BUFFERS, QUIET_FLAGS, SANDBOX_FLAGS } from './browser-settings.mjs';
import { readTask, workThrough } from './task.mjs';

const task = readTask();
const { executablePath } = task;
const browser = await chromium.launch({ executablePath, args: [...QUIET_FLAGS, ...SANDBOX_FLAGS] });
const context = await browser.newContext();
await workThrough(task, async () => {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable', NETWORK_BUFFERS);
  await session.send('Network.setBlockedURLs', { urls: BLOCKED_URLS });
  return async ({ url, wanted, isSoft }) => {
    if (!isSoft) await page.goto(url, { waitUntil: 'commit' });
    return page.evaluate(rowsWhenShown, wanted);
  };
});
await browser.close();
