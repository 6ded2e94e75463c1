/**
 * A page that has worked before. Between leases it is reset, so that nothing of one page's work reaches the next:
 * timers, scripts and scroll position go with its document; session storage, history, `window.name` and time-outs are
 * cleared; listeners and routes are taken off; pop-ups are closed. What cannot be taken back (init scripts, exposed
 * functions, emulation) spoils the page for reuse.
 */
import type { BrowserContext, Page } from 'playwright';
import { ThreshError } from '../src/errors.js';
import { blockOn } from './blocking.js';
import { bounded } from './bounded.js';
import { onCall } from './context-guard.js';
import type { LeaseSpec } from './lease-spec.js';
import { listenersAdded } from './listeners-added.js';
import type { MemoryWatch } from './memory-watch.js';
import { type PageAnswers, watchAnswers } from './page-answers.js';
import { clearSessionStorage, originOf } from './session-storage.js';

export interface WarmPage {
  readonly page: Page;
  /** Aborts when the page crashed or was closed by somebody. */
  readonly gone: AbortSignal;
  /** Counts anew, for a lease that begins. */
  answers(spec: LeaseSpec): PageAnswers;
  /** True when the page may serve again. */
  reset(): Promise<boolean>;
  /** False when the page did not close in time. */
  close(): Promise<boolean>;
}

const RESET_LIMIT_MS = 3_000;
const CLOSE_LIMIT_MS = 3_000;

/** Calls that leave something on a page that no call takes away again. */
const SPOILING = [
  'addInitScript',
  'exposeFunction',
  'exposeBinding',
  'emulateMedia',
  'setViewportSize',
  'setExtraHTTPHeaders',
  'addLocatorHandler',
  'routeFromHAR',
  'routeWebSocket',
] as const;

export async function openWarmPage(
  context: BrowserContext,
  spec: LeaseSpec,
  memory: MemoryWatch,
): Promise<WarmPage> {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  const gone = new AbortController();
  const origins = new Set<string>();
  let spoiled = false;
  let settled = false;
  onCall(page, SPOILING, () => {
    spoiled = true;
  });
  page.on('popup', closeQuietly);
  page.on('download', (download) => void download.cancel().catch(() => undefined));
  page.on('framenavigated', (frame) => origins.add(originOf(frame.url())));
  page.on('crash', () => {
    const why = memory.takeRendererKill();
    gone.abort(
      why === undefined ? lost('the page crashed (out of memory, or killed)') : lost(why, 'PAGE_MEMORY'),
    );
  });
  page.on('close', () => {
    // The pages of a dying browser close just before it is reported gone, and that is then the reason.
    if (!settled) setImmediate(() => gone.abort(lost('the page was closed while it was at work')));
  });
  const added = listenersAdded(page);
  const answers = await watchAnswers(session);
  if (spec.block !== false) await blockOn(session, spec.block);

  /** False when something of the lease stays. */
  async function wipe(): Promise<boolean> {
    const listeners = added();
    if (listeners === undefined) return false;
    for (const { event, listener } of listeners) page.off(event as 'close', listener);
    // No number: those of the context hold again.
    page.setDefaultTimeout(undefined as unknown as number);
    page.setDefaultNavigationTimeout(undefined as unknown as number);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    const cleared = await clearSessionStorage(page);
    const kept = [...origins].filter((origin) => !cleared.has(origin));
    await page.goto('about:blank', { waitUntil: 'commit', timeout: RESET_LIMIT_MS });
    await page.evaluate(() => {
      window.name = '';
    });
    await session.send('Page.resetNavigationHistory');
    origins.clear();
    return kept.length === 0;
  }

  return {
    page,
    gone: gone.signal,
    answers: ({ ownHosts = [] }) => answers.begin(ownHosts),
    async reset() {
      if (spoiled || gone.signal.aborted || page.isClosed()) return false;
      let wiped = false;
      const wiping = wipe().then((done) => {
        wiped = done;
      });
      return (await bounded(wiping, RESET_LIMIT_MS)) && wiped && !gone.signal.aborted;
    },
    async close() {
      settled = true;
      // Dialogs of `beforeunload` are not asked: runBeforeUnload is off by default.
      return page.isClosed() || bounded(page.close(), CLOSE_LIMIT_MS);
    },
  };
}

function closeQuietly(popup: Page): void {
  popup.close().catch(() => undefined); // gone already
}

function lost(message: string, code: 'PAGE_CRASHED' | 'PAGE_MEMORY' = 'PAGE_CRASHED'): ThreshError {
  return new ThreshError(message, { code, scope: 'page', retry: 'later' });
}
