/**
 * Keeps one browser at work and replaces it: when it has served its number of pages, when it is in doubt, when it is
 * gone. Repair is drain-then-close: new leases go to a new browser, the old one is closed when its last lease is back.
 */
import type { BrowserContext } from 'playwright';
import { bounded } from './bounded.js';
import { type LaunchedBrowser, type LaunchOptions, launchBrowser } from './browser.js';
import type { LeaseSpec } from './lease-spec.js';
import type { OnPoolEvent } from './pool-event.js';

export interface SharedContext {
  readonly context: BrowserContext;
  readonly browser: HostedBrowser;
  /** Leases given from it. */
  served: number;
  /** Leases now out, and warm pages kept. */
  pages: number;
  retired: boolean;
}

export interface HostedBrowser {
  readonly launched: LaunchedBrowser;
  served: number;
  /** Pages open in it, leased or kept warm. */
  pages: number;
  retiring: boolean;
  contexts: Map<string, Promise<SharedContext>>;
}

export interface HostOptions extends LaunchOptions {
  pagesPerContext: number;
  pagesPerBrowser: number;
  onEvent: OnPoolEvent;
}

export interface BrowserHost {
  /** A context of the identity with room for one page more; counted until `leave`. */
  enter(spec: LeaseSpec): Promise<SharedContext>;
  /** One page less. Closes what is retired and empty. */
  leave(shared: SharedContext): Promise<void>;
  /** True when a page of this context may serve once more. */
  mayServe(shared: SharedContext): boolean;
  /** No new page goes to this browser. */
  doubt(browser: HostedBrowser): void;
  browsers(): number;
  close(): Promise<void>;
}

const CONTEXT_LIMIT_MS = 10_000;

export function createBrowserHost(options: HostOptions): BrowserHost {
  const all = new Set<HostedBrowser>();
  let current: Promise<HostedBrowser> | undefined;
  let closed = false;

  async function launch(): Promise<HostedBrowser> {
    const launched = await launchBrowser(options);
    const hosted: HostedBrowser = { launched, served: 0, pages: 0, retiring: false, contexts: new Map() };
    all.add(hosted);
    options.onEvent({ kind: 'browser.launched', browser: launched.id });
    launched.gone.addEventListener('abort', () => {
      if (!all.has(hosted)) return;
      hosted.retiring = true;
      options.onEvent({ kind: 'browser.crashed', browser: launched.id });
      void discard(hosted);
    });
    return hosted;
  }

  async function discard(hosted: HostedBrowser): Promise<void> {
    if (!all.delete(hosted)) return;
    await hosted.launched.close();
    options.onEvent({ kind: 'browser.closed', browser: hosted.launched.id, served: hosted.served });
  }

  async function working(): Promise<HostedBrowser> {
    for (;;) {
      if (closed) throw new Error('the browser pool is closed');
      current ??= launch();
      const mine = current;
      try {
        const hosted = await mine;
        if (!hosted.retiring && !hosted.launched.gone.aborted && hosted.served < options.pagesPerBrowser)
          return hosted;
        hosted.retiring = true;
        if (hosted.pages === 0) void discard(hosted);
      } finally {
        if (current === mine && (await hasToGo(mine))) current = undefined;
      }
    }
  }

  async function open(hosted: HostedBrowser, spec: LeaseSpec): Promise<SharedContext> {
    const context = await hosted.launched.browser.newContext({
      ...spec.context,
      serviceWorkers: 'block',
      acceptDownloads: false,
    });
    return { context, browser: hosted, served: 0, pages: 0, retired: spec.fresh === true };
  }

  return {
    async enter(spec) {
      const hosted = await working();
      hosted.served += 1;
      hosted.pages += 1;
      try {
        if (spec.fresh === true) {
          const shared = await open(hosted, spec);
          shared.pages += 1;
          return shared;
        }
        let opening = hosted.contexts.get(spec.identity);
        if (opening !== undefined && (await opening.catch(() => undefined))?.retired !== false)
          opening = undefined;
        if (opening === undefined) {
          opening = hosted.contexts.get(spec.identity);
          if (opening === undefined || (await opening.catch(() => undefined))?.retired !== false) {
            opening = open(hosted, spec);
            hosted.contexts.set(spec.identity, opening);
          }
        }
        const shared = await opening;
        shared.pages += 1;
        return shared;
      } catch (error) {
        hosted.pages -= 1;
        throw error;
      }
    },
    mayServe(shared) {
      if (shared.served >= options.pagesPerContext) shared.retired = true;
      if (shared.browser.served >= options.pagesPerBrowser) shared.browser.retiring = true;
      return !shared.retired && !shared.browser.retiring && !shared.browser.launched.gone.aborted;
    },
    async leave(shared) {
      const { browser } = shared;
      shared.pages -= 1;
      browser.pages -= 1;
      if (shared.retired && shared.pages === 0 && !browser.launched.gone.aborted) {
        if (!(await bounded(shared.context.close(), CONTEXT_LIMIT_MS))) browser.retiring = true;
      }
      if (browser.retiring && browser.pages === 0) await discard(browser);
    },
    doubt(browser) {
      browser.retiring = true;
      if (browser.pages === 0) void discard(browser);
    },
    browsers: () => all.size,
    async close() {
      closed = true;
      await current?.catch(() => undefined);
      await Promise.all([...all].map(discard));
    },
  };
}

async function hasToGo(opening: Promise<HostedBrowser>): Promise<boolean> {
  const hosted = await opening.catch(() => undefined);
  return hosted === undefined || hosted.retiring || hosted.launched.gone.aborted;
}
