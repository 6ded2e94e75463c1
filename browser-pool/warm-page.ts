/**
 * A page that has worked before. Between leases it is reset, so that nothing of one page's work reaches the next:
 * timers, scripts and scroll position go with its document; session storage, history, `window.name` and time-outs are
 * cleared; listeners and routes are taken off; pop-ups are closed. What cannot be taken back (init scripts, exposed
 * functions, emulation) spoils the page for reuse.
 *
 * Going to `about:blank` costs as much as a small page, and the next lease goes elsewhere at once. So where that is
 * known, the document is wiped (wipe.ts) instead of left, and the history behind it is cut off when it has been left.
 */
import type { BrowserContext, Page } from 'playwright';
import { ThreshError } from '../src/errors.js';
import { blockOn } from './blocking.js';
import { bounded } from './bounded.js';
import type { LaunchedBrowser } from './browser.js';
import { onCall } from './context-guard.js';
import type { LeaseSpec } from './lease-spec.js';
import { listenersAdded } from './listeners-added.js';
import { type PageAnswers, watchAnswers } from './page-answers.js';
import { CAPTURE_BUFFERS, type PageCaptures, watchCaptures } from './page-captures.js';
import { heapMbOf } from './page-heap.js';
import { clearSessionStorage, originOf } from './session-storage.js';
import { createWiper } from './wipe.js';

export interface WarmPage {
  readonly page: Page;
  /** Aborts when the page crashed or was closed by somebody. */
  readonly gone: AbortSignal;
  /** Counts anew, for a lease that begins; `standing`: with the document that is there. */
  answers(spec: LeaseSpec, standing: boolean): PageAnswers;
  /** Captures anew, for a lease that begins, until it is told to stop. */
  captures(spec: LeaseSpec, standing: boolean): PageCaptures;
  stopCapturing(): void;
  /** Its frames come until it is told to stop. */
  draw(): () => void;
  /** True when the page may serve again: wiped, or blank. */
  reset(): Promise<boolean>;
  /** True when the page may serve again with the document that it shows: all that the lease added beside it is off. */
  leaveStanding(): Promise<boolean>;
  /** True when it is known to hold less memory than this. */
  isLighterThan(mostMb: number): Promise<boolean>;
  /** True when the page may begin a lease that goes there first; undefined: that may go anywhere. */
  makeReady(goesTo: string | undefined): Promise<boolean>;
  /** True when it keeps away from now on what this says. */
  block(block: LeaseSpec['block']): Promise<boolean>;
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
  { memory, frames }: Pick<LaunchedBrowser, 'memory' | 'frames'>,
): Promise<WarmPage> {
  const driven = await frames?.page(context);
  const page = driven?.page ?? (await context.newPage());
  const session = driven?.session ?? (await context.newCDPSession(page));
  const gone = new AbortController();
  const origins = new Set<string>();
  let spoiled = false;
  let settled = false;
  let routed = false;
  /** It shows an emptied document instead of none, and nobody works with it. */
  let wiped = false;
  /** It went somewhere all the same: something of the document is alive. */
  let stirred = false;
  /** A lease began on an emptied document, and has not gone anywhere yet. */
  let arriving = false;
  onCall(page, SPOILING, () => {
    spoiled = true;
  });
  onCall(page, ['route'], () => {
    routed = true;
  });
  page.on('popup', closeQuietly);
  page.on('download', (download) => void download.cancel().catch(() => undefined));
  page.on('framenavigated', (frame) => {
    origins.add(originOf(frame.url()));
    if (frame !== page.mainFrame()) return;
    stirred ||= wiped;
    if (!arriving) return;
    arriving = false;
    void forgetHistory();
  });
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
  const mainFrame = (await session.send('Page.getFrameTree')).frameTree.frame.id;
  const captures = watchCaptures(session, mainFrame);
  const answers = await watchAnswers(
    session,
    mainFrame,
    spec.capture === undefined ? undefined : CAPTURE_BUFFERS,
  );
  const wiper = createWiper(page, session, mainFrame);
  const blockUrls = spec.block === false ? undefined : await blockOn(session, spec.block, context);
  let blocked = urlsOf(spec.block);

  /**
   * Refused while the document is still on its way in, and too early while the browser has yet to hear of it: told of it
   * by the page's renderer, a lease may know of its document before the browser does. False when it cannot be done.
   */
  async function forgetHistory(): Promise<boolean> {
    for (let tries = 0; tries < 20 && !gone.signal.aborted && !page.isClosed(); tries++) {
      const done = await Promise.all([
        session.send('Page.getNavigationHistory'),
        session.send('Page.resetNavigationHistory'),
      ]).then(
        ([{ entries, currentIndex }]) => entries[currentIndex]?.url === page.url(),
        () => false,
      );
      if (done) return true;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return false;
  }

  /** Takes off what the lease put on the page beside its document. False when something stays. */
  async function tidy(): Promise<boolean> {
    const listeners = added();
    if (listeners === undefined) return false;
    for (const { event, listener } of listeners) page.off(event as 'close', listener);
    // No number: those of the context hold again.
    page.setDefaultTimeout(undefined as unknown as number);
    page.setDefaultNavigationTimeout(undefined as unknown as number);
    if (routed) await page.unrouteAll({ behavior: 'ignoreErrors' });
    routed = false;
    arriving = false;
    return true;
  }

  /** False when something of the lease stays. */
  async function clean(): Promise<boolean> {
    if (!(await tidy())) return false;
    const own = originOf(page.url());
    const elsewhere = [...origins].some((origin) => origin !== own && origin !== '');
    if (!elsewhere && (await wiper.wipe())) {
      wiped = true;
      stirred = false;
      origins.clear();
      return true;
    }
    return leave();
  }

  /** To `about:blank`. False when something of the lease stays. */
  async function leave(): Promise<boolean> {
    const cleared = await clearSessionStorage(page);
    const kept = [...origins].filter((origin) => !cleared.has(origin));
    wiped = false;
    await page.goto('about:blank', { waitUntil: 'commit', timeout: RESET_LIMIT_MS });
    await page.evaluate(() => {
      window.name = '';
    });
    const forgotten = await forgetHistory();
    origins.clear();
    return forgotten && kept.length === 0;
  }

  async function inOrder(work: () => Promise<boolean>): Promise<boolean> {
    if (spoiled || gone.signal.aborted || page.isClosed()) return false;
    let done = false;
    const doing = work().then((well) => {
      done = well;
    });
    return (await bounded(doing, RESET_LIMIT_MS)) && done && !gone.signal.aborted;
  }

  return {
    page,
    gone: gone.signal,
    answers: ({ ownHosts = [] }, standing) => answers.begin(ownHosts, standing),
    captures: ({ capture }, standing) => captures.begin(capture, standing),
    stopCapturing: () => captures.end(),
    draw: () => (driven === undefined ? undefined : frames?.drive(session)) ?? (() => undefined),
    reset: () => inOrder(clean),
    leaveStanding: () => inOrder(tidy),
    isLighterThan: (mostMb) => inOrder(async () => (await heapMbOf(session)) <= mostMb),
    async makeReady(goesTo) {
      if (!wiped) return true;
      // To another place in the same document it would not even ask the server.
      const leaves = goesTo !== undefined && withoutFragment(goesTo) !== withoutFragment(page.url());
      if (stirred || !leaves) return inOrder(leave);
      wiped = false;
      arriving = true;
      return true;
    },
    async block(block) {
      const urls = urlsOf(block);
      if (urls.length === blocked.length && urls.every((url, at) => url === blocked[at])) return true;
      return inOrder(async () => {
        await blockUrls?.(urls);
        blocked = urls;
        return blockUrls !== undefined;
      });
    },
    async close() {
      settled = true;
      // Dialogs of `beforeunload` are not asked: runBeforeUnload is off by default.
      return page.isClosed() || bounded(page.close(), CLOSE_LIMIT_MS);
    },
  };
}

function urlsOf(block: LeaseSpec['block']): readonly string[] {
  return block === false ? [] : block.urls;
}

function withoutFragment(url: string): string {
  return (URL.canParse(url) ? new URL(url).href : url).replace(/#.*/s, '');
}

function closeQuietly(popup: Page): void {
  popup.close().catch(() => undefined); // gone already
}

function lost(message: string, code: 'PAGE_CRASHED' | 'PAGE_MEMORY' = 'PAGE_CRASHED'): ThreshError {
  return new ThreshError(message, { code, scope: 'page', retry: 'later' });
}
