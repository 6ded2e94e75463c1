/**
 * Quiets a page without leaving its document: what a navigation to `about:blank` does, for a twentieth of its cost
 * (some 60 ms of CPU, as much as it takes to load a small page). The document is emptied and its listeners are gone with
 * it; its timers, requests and session storage are ended from a world that its scripts cannot reach. What cannot be
 * ended from there (frames, workers, sockets, other origins) is for the navigation.
 */
import type { CDPSession, Page } from 'playwright';
import { originOf } from './session-storage.js';

export interface Wiper {
  /** False when something of the document is beyond it. Throws when the page does not take orders. */
  wipe(): Promise<boolean>;
}

/** More than that, and finding them one by one costs more than leaving. */
const MOST_TIMERS = 50_000;
const WORLD = 'browser-pool';

/** `mainFrame`: its id in the protocol. The session's network events have to be enabled. */
export function createWiper(page: Page, session: CDPSession, mainFrame: string): Wiper {
  /** Sockets outlive what empties their document. */
  let sockets = 0;
  session.on('Network.webSocketCreated', () => {
    sockets += 1;
  });
  session.on('Network.requestWillBeSent', ({ type, frameId }) => {
    if (type === 'EventSource') sockets += 1;
    if (type === 'Document' && frameId === mainFrame) sockets = 0;
  });

  const run = (expression: string, contextId?: number) =>
    session.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
      ...(contextId === undefined ? {} : { contextId }),
    });

  return {
    async wipe() {
      if (originOf(page.url()) === '' || sockets > 0) return false;
      if (page.frames().length > 1 || page.workers().length > 0) return false;
      const world = await session.send('Page.createIsolatedWorld', { frameId: mainFrame, worldName: WORLD });
      const [, emptied] = await Promise.all([
        run(`(${String(disownStorage)})()`),
        run(`(${String(emptyDocument)})(${MOST_TIMERS})`, world.executionContextId),
      ]);
      return emptied.result.value === true;
    },
  };
}

/** Runs in the page's own world: its scripts find nothing to write to any more. */
function disownStorage(): void {
  const idle = (): null => null;
  const nobody = { setItem: idle, getItem: idle, removeItem: idle, clear: idle, key: idle, length: 0 };
  Object.defineProperty(window, 'sessionStorage', { value: nobody });
}

/** Runs in a world of ours, where what the page's scripts put in the place of the browser's functions is not seen. */
async function emptyDocument(most: number): Promise<boolean> {
  const endWork = (): boolean => {
    window.stop();
    window.name = '';
    const timer = Number(setTimeout(() => undefined));
    const frame = requestAnimationFrame(() => undefined);
    const idle = requestIdleCallback(() => undefined);
    if (timer + frame + idle > most) return false;
    for (let id = 1; id <= timer; id++) clearTimeout(id);
    for (let id = 1; id <= frame; id++) cancelAnimationFrame(id);
    for (let id = 1; id <= idle; id++) cancelIdleCallback(id);
    sessionStorage.clear();
    return true;
  };
  if (!endWork()) return false;
  document.open(); // what listens to it, or to its window, is taken off with it
  document.close();
  // Again, a turn later: a request that was cut off may have been answered by a timer that asks once more.
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(0);
  });
  port1.close();
  return endWork();
}
