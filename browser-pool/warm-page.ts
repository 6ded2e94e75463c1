/**
 * A page that has worked before. Between leases it is reset, so that nothing of one page's work reaches the next:
 * timers, scripts and scroll position go with its document, session storage is cleared, listeners and routes are taken
 * off, pop-ups closed. What cannot be taken back (init scripts, exposed functions, emulation) spoils the page for reuse.
 */
import type { BrowserContext, Dialog, Page } from 'playwright';
import { ThreshError } from '../src/errors.js';
import { blockOn } from './blocking.js';
import { bounded } from './bounded.js';
import type { LeaseSpec } from './lease-spec.js';

export interface WarmPage {
  readonly page: Page;
  /** Aborts when the page crashed or was closed by somebody. */
  readonly gone: AbortSignal;
  /** True when the page may serve again. */
  reset(): Promise<boolean>;
  close(): Promise<void>;
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
] as const;

export async function openWarmPage(context: BrowserContext, spec: LeaseSpec): Promise<WarmPage> {
  const page = await context.newPage();
  const gone = new AbortController();
  let spoiled = false;
  let settled = false;
  for (const name of SPOILING) {
    const original = page[name].bind(page) as (...args: unknown[]) => unknown;
    Object.defineProperty(page, name, {
      value: (...args: unknown[]) => {
        spoiled = true;
        return original(...args);
      },
    });
  }
  // Ours, outside the listeners that a reset takes off.
  const guard = (): void => {
    page.on('dialog', dismiss);
    page.on('popup', closeQuietly);
    page.on('download', (download) => void download.cancel().catch(() => undefined));
    page.on('crash', () => gone.abort(lost('PAGE_CRASHED', 'the page crashed (out of memory, or killed)')));
    page.on('close', () => {
      if (!settled) gone.abort(lost('PAGE_CRASHED', 'the page was closed while it was at work'));
    });
  };
  guard();
  if (spec.block !== false) await blockOn(page, spec.block);

  async function wipe(): Promise<void> {
    await bounded(
      page.evaluate(() => sessionStorage.clear()),
      500,
    ); // about:blank has none and throws: fine
    page.removeAllListeners();
    guard();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.goto('about:blank', { waitUntil: 'commit', timeout: RESET_LIMIT_MS });
  }

  return {
    page,
    gone: gone.signal,
    async reset() {
      if (spoiled || gone.signal.aborted || page.isClosed()) return false;
      return (await bounded(wipe(), RESET_LIMIT_MS)) && !gone.signal.aborted;
    },
    async close() {
      settled = true;
      // Dialogs of `beforeunload` are not asked: runBeforeUnload is off by default.
      await bounded(page.close(), CLOSE_LIMIT_MS);
    },
  };
}

function dismiss(dialog: Dialog): void {
  dialog.dismiss().catch(() => undefined); // its page is gone
}

function closeQuietly(popup: Page): void {
  popup.close().catch(() => undefined); // gone already
}

function lost(code: 'PAGE_CRASHED', message: string): ThreshError {
  return new ThreshError(message, { code, scope: 'browser', retry: 'later' });
}
