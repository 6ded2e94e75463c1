// @ts-check
/** The same loop on the DevTools protocol alone: what there is to gain beyond Playwright. */
import { rowsWhenShown } from '../rows-when-shown.mjs';
import { BLOCKED_URLS, NETWORK_BUFFERS } from './browser-settings.mjs';
import { startCdpBrowser } from './cdp-pipe.mjs';
import { readTask, workThrough } from './task.mjs';

const task = readTask();
const browser = startCdpBrowser(task);
await workThrough(task, async () => {
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (/** @type {string} */ method, /** @type {object} */ params) =>
    browser.send(method, params, sessionId);
  await send('Network.enable', NETWORK_BUFFERS);
  await send('Network.setBlockedURLs', { urls: [...BLOCKED_URLS, task.others] });
  return async ({ url, wanted, isSoft }) => {
    // Answered when the document is committed: what is evaluated next is evaluated in it.
    if (!isSoft) {
      const { errorText } = await send('Page.navigate', { url });
      if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    }
    const { result, exceptionDetails } = await send('Runtime.evaluate', {
      expression: `(${rowsWhenShown})(${JSON.stringify(wanted)})`,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(`${url}: ${exceptionDetails.text}`);
    return result.value;
  };
});
await browser.close();
