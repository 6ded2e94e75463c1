/**
 * Keeps one browser at work and replaces it: when it has served its number of leases, when it is in doubt, when it is
 * gone; and within it one context for each identity, likewise.
 *
 * Replacing is drain-then-close. What is *retired* takes no new page, the next lease makes its successor, and it is
 * closed when its last page has left. Browsers and contexts are entered and counted before they are open: whoever asks
 * meanwhile joins the same opening, and its failure reaches everybody who waits for it. What failed to open is
 * retired, so that the next lease tries again.
 */
import type { Browser, BrowserContext } from 'playwright';
import { isThreshError } from '../src/errors.js';
import { bounded, inTime } from './bounded.js';
import { type LaunchedBrowser, type LaunchOptions, launchBrowser } from './browser.js';
import { browserLost, silent } from './browser-lost.js';
import { onContextSpoiled } from './context-guard.js';
import type { LeaseSpec } from './lease-spec.js';
import type { MemoryWatch } from './memory-watch.js';
import type { OnPoolEvent } from './pool-event.js';
import { quietConsole } from './quiet-console.js';
import { plainUserAgent } from './user-agent.js';

export interface SharedContext {
  readonly identity: string;
  readonly browser: HostedBrowser;
  /** Rejects when it, or its browser, cannot be opened. */
  readonly opening: Promise<BrowserContext>;
  /** Leases given from it, each by what it wears. */
  worn: number;
  /** Pages in it, leased or kept warm. */
  pages: number;
  retired: boolean;
}

export interface HostedBrowser {
  readonly id: number;
  /** For one lease and no other: retired from the start. */
  readonly alone: boolean;
  readonly launching: Promise<LaunchedBrowser>;
  /** Aborts, with the reason, when the browser is gone. */
  readonly gone: AbortSignal;
  served: number;
  pages: number;
  retired: boolean;
  /** There once it has been launched. */
  memory: MemoryWatch | undefined;
  /** The contexts that take pages, by identity. */
  readonly contexts: Map<string, SharedContext>;
}

export interface HostOptions extends LaunchOptions {
  pagesPerContext: number;
  pagesPerBrowser: number;
  /** For a context or a page to open. */
  openTimeoutMs: number;
  /** Stands at the end of the user agent of contexts that are given none. */
  product: string;
  onEvent: OnPoolEvent;
  /** Something was retired: pages that nobody uses hold it up. */
  onRetired: () => void;
}

export interface BrowserHost {
  /** A place for one page more, and its first lease, in a context of the identity; counted until `leave`. */
  enter(spec: LeaseSpec): SharedContext;
  /** One lease more of a page that is in it already. `stands`: with its document. */
  serveAgain(shared: SharedContext, stands: boolean): void;
  /** One page less. Closes what is retired and empty. */
  leave(shared: SharedContext): Promise<void>;
  /** What the pages of contexts that are given none call themselves; starts a browser if there is none. */
  userAgent(): Promise<string>;
  /** No new page goes to this browser. */
  retire(browser: HostedBrowser): void;
  /** The same for whichever is at work. */
  renew(): void;
  browsers(): number;
  /** Of all browsers that are not closed yet, at the last look at each. */
  memoryMb(): number;
  /** CPU time of all browsers so far, closed ones included, to the last look at each. */
  cpuSeconds(): number;
  close(): Promise<void>;
}

const CONTEXT_LIMIT_MS = 10_000;
const OVER_EVERY_MS = 60_000;
/** An application that is led on asks for its data; one that is loaded, for all that it is made of. */
const STANDING_WEARS = 0.1;

type Reason = { why: 'age' | 'doubt' | 'asked' } | { why: 'memory'; memoryMb: number };

/** True when a page of this context may serve once more. */
export function mayServe(shared: SharedContext): boolean {
  return !shared.retired && !shared.browser.retired;
}

export function createBrowserHost(options: HostOptions): BrowserHost {
  const all = new Set<HostedBrowser>();
  /** Browsers on their way out: no longer among `all`, and their processes and folders may still be there. */
  const leaving = new Set<Promise<void>>();
  let working: HostedBrowser | undefined;
  let launches = 0;
  let closedSeconds = 0;
  /** When one was last retired for its memory. */
  let overAtMs = Number.NEGATIVE_INFINITY;

  function startBrowser(alone: boolean): HostedBrowser {
    const gone = new AbortController();
    const browser: HostedBrowser = {
      id: launches++,
      alone,
      launching: launchBrowser(options, (memoryMb) => retireOver(browser, memoryMb)),
      gone: gone.signal,
      served: 0,
      pages: 0,
      retired: alone,
      memory: undefined,
      contexts: new Map(),
    };
    all.add(browser);
    browser.launching.then(
      (launched) => {
        browser.memory = launched.memory;
        options.onEvent({ kind: 'browser.launched', browser: browser.id });
        launched.gone.addEventListener('abort', () => {
          const reason = String(launched.gone.reason);
          gone.abort(browserLost(reason, alone));
          if (all.has(browser)) options.onEvent({ kind: 'browser.crashed', browser: browser.id, reason });
          retire(browser);
          void discard(browser);
        });
      },
      () => {
        all.delete(browser);
        retire(browser);
      },
    );
    return browser;
  }

  const userAgentOf = (chromium: Browser): string => plainUserAgent(chromium.version(), options.product);

  function workingBrowser(): HostedBrowser {
    working ??= startBrowser(false);
    return working;
  }

  function openContext(browser: HostedBrowser, spec: LeaseSpec): SharedContext {
    const opening = browser.launching.then(({ browser: chromium, frames }) => {
      const open = () =>
        chromium.newContext({
          userAgent: userAgentOf(chromium),
          ...spec.context,
          serviceWorkers: 'block',
          acceptDownloads: false,
        });
      return inTime(
        (frames?.context(open) ?? open()).then(async (context) => {
          await quietConsole(context);
          return context;
        }),
        options.openTimeoutMs,
        silent(browser.alone),
      );
    });
    const { identity } = spec;
    const shared: SharedContext = { identity, browser, opening, worn: 0, pages: 0, retired: false };
    if (spec.fresh === true) shared.retired = true;
    else browser.contexts.set(identity, shared);
    opening.then(
      (context) => onContextSpoiled(context, () => retireContext(shared)),
      (error: unknown) => {
        retireContext(shared);
        if (isThreshError(error)) retire(browser); // it is silent, or was never there
      },
    );
    return shared;
  }

  function count(shared: SharedContext, wears: number): void {
    const { browser } = shared;
    shared.worn += wears;
    browser.served += 1;
    if (shared.worn >= options.pagesPerContext) retireContext(shared);
    if (browser.served >= options.pagesPerBrowser) retire(browser, { why: 'age' });
  }

  function retireContext(shared: SharedContext): void {
    if (shared.retired) return;
    shared.retired = true;
    shared.browser.contexts.delete(shared.identity);
    options.onRetired();
  }

  /** What pages need for their work is not saved by one new browser after the other. */
  function retireOver(browser: HostedBrowser, memoryMb: number): void {
    const nowMs = performance.now();
    if (browser.retired || nowMs - overAtMs < OVER_EVERY_MS) return;
    overAtMs = nowMs;
    retire(browser, { why: 'memory', memoryMb });
  }

  function retire(browser: HostedBrowser, reason: Reason = { why: 'doubt' }): void {
    if (browser.retired) return;
    browser.retired = true;
    if (browser.memory !== undefined && !browser.gone.aborted)
      options.onEvent({ kind: 'browser.retired', browser: browser.id, ...reason });
    if (working === browser) working = undefined;
    if (browser.pages === 0) void discard(browser);
    options.onRetired();
  }

  function discard(browser: HostedBrowser): Promise<void> {
    if (!all.delete(browser)) return Promise.resolve();
    closedSeconds += browser.memory?.cpuSeconds() ?? 0;
    const discarded = closeDown(browser).finally(() => leaving.delete(discarded));
    leaving.add(discarded);
    return discarded;
  }

  async function closeDown(browser: HostedBrowser): Promise<void> {
    const launched = await browser.launching.catch(() => undefined);
    if (launched === undefined) return;
    await launched.close();
    options.onEvent({ kind: 'browser.closed', browser: browser.id, served: browser.served });
  }

  return {
    enter(spec) {
      const browser = spec.alone === true ? startBrowser(true) : workingBrowser();
      const known = spec.fresh === true ? undefined : browser.contexts.get(spec.identity);
      const shared = known ?? openContext(browser, spec);
      shared.pages += 1;
      shared.browser.pages += 1;
      count(shared, 1);
      return shared;
    },
    serveAgain: (shared, stands) => count(shared, stands ? STANDING_WEARS : 1),
    async leave(shared) {
      const { browser } = shared;
      shared.pages -= 1;
      if (shared.retired && shared.pages === 0 && !browser.gone.aborted) {
        const context = await shared.opening.catch(() => undefined);
        if (context !== undefined && !(await bounded(context.close(), CONTEXT_LIMIT_MS))) retire(browser);
      }
      browser.pages -= 1;
      if (browser.retired && browser.pages === 0) await discard(browser);
    },
    userAgent: async () => userAgentOf((await workingBrowser().launching).browser),
    retire: (browser) => retire(browser),
    renew() {
      if (working !== undefined) retire(working, { why: 'asked' });
    },
    browsers: () => all.size,
    memoryMb: () => [...all].reduce((sum, { memory }) => sum + (memory?.totalMb() ?? 0), 0),
    cpuSeconds: () => [...all].reduce((sum, { memory }) => sum + (memory?.cpuSeconds() ?? 0), closedSeconds),
    async close() {
      for (const browser of all) void discard(browser);
      await Promise.all(leaving);
    },
  };
}
