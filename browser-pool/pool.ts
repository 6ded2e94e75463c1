/**
 * Warm pages, leased for one page's work each. Three lifetimes: the browser (browser-host.ts), the context of an
 * identity within it, the lease. generic-pool keeps the slots, as many as pages may be out at once; a slot keeps its
 * page warm for the next lease of the same identity. Slots are counted by this bookkeeping alone: a page that hangs in
 * close, or a browser that is gone, costs its page and never its slot.
 */
import genericPool from 'generic-pool';
import type { Page } from 'playwright';
import type { LaunchOptions } from './browser.js';
import { createBrowserHost, type SharedContext } from './browser-host.js';
import type { LeaseSpec } from './lease-spec.js';
import { sweepLeftovers } from './leftovers.js';
import { emptyTally, type NetworkTally, watchNetwork } from './network-tally.js';
import type { OnPoolEvent } from './pool-event.js';
import { openWarmPage, type WarmPage } from './warm-page.js';

export interface PoolOptions extends LaunchOptions {
  /** Leases out at once. */
  maxPages: number;
  /** Leases from one context before it is replaced: Playwright keeps every request until a context closes. Default 100. */
  pagesPerContext?: number;
  /** Leases from one browser before it is replaced. Default 2,000. */
  pagesPerBrowser?: number;
  onEvent?: OnPoolEvent;
}

/** `good`: the page may serve again. `doubtful`: the page is closed. `broken`: its browser is replaced as well. */
export type Verdict = 'good' | 'doubtful' | 'broken';

export interface Lease {
  /** Playwright's own. */
  readonly page: Page;
  readonly browser: number;
  /** Aborts, with the error as its reason, when the page or its browser is gone. */
  readonly lost: AbortSignal;
  /** Counted only when the spec says `observe`. */
  readonly network: NetworkTally;
  /** Gives the page back. Never throws; a second call does nothing. */
  release(verdict: Verdict): Promise<void>;
}

export interface PoolStats {
  browsers: number;
  leased: number;
  waiting: number;
  maxPages: number;
}

export interface BrowserPool {
  /** Waits for a free slot. Throws BROWSER_UNAVAILABLE, or the signal's reason. */
  lease(spec: LeaseSpec, signal?: AbortSignal): Promise<Lease>;
  stats(): PoolStats;
  /** Bounded: what does not close is killed. */
  close(): Promise<void>;
}

interface Slot {
  warm: { page: WarmPage; shared: SharedContext; identity: string } | undefined;
}

export function createBrowserPool(options: PoolOptions): BrowserPool {
  const onEvent = options.onEvent ?? (() => undefined);
  const host = createBrowserHost({
    ...options,
    pagesPerContext: options.pagesPerContext ?? 100,
    pagesPerBrowser: options.pagesPerBrowser ?? 2_000,
    onEvent,
  });
  const slots = genericPool.createPool<Slot>(
    { create: async () => ({ warm: undefined }), destroy: async (slot) => discard(slot) },
    { max: options.maxPages, min: 0 },
  );
  let swept: Promise<unknown> | undefined;

  async function discard(slot: Slot): Promise<void> {
    const { warm } = slot;
    slot.warm = undefined;
    if (warm === undefined) return;
    await warm.page.close();
    await host.leave(warm.shared);
  }

  /** The slot's own warm page when it fits, else a new one. */
  async function pageFor(slot: Slot, spec: LeaseSpec): Promise<NonNullable<Slot['warm']>> {
    const { warm } = slot;
    if (warm !== undefined) {
      const fits = warm.identity === spec.identity && spec.fresh !== true && !warm.page.gone.aborted;
      if (fits && host.mayServe(warm.shared)) {
        warm.shared.browser.served += 1;
        return warm;
      }
      await discard(slot);
    }
    const shared = await host.enter(spec);
    try {
      const page = await openWarmPage(shared.context, spec);
      slot.warm = { page, shared, identity: spec.identity };
      return slot.warm;
    } catch (error) {
      host.doubt(shared.browser);
      await host.leave(shared);
      throw shared.browser.launched.gone.aborted ? shared.browser.launched.gone.reason : error;
    }
  }

  function leaseOf(slot: Slot, warm: NonNullable<Slot['warm']>, spec: LeaseSpec): Lease {
    const { page, shared } = warm;
    const network = emptyTally();
    const unwatch = spec.observe === true ? watchNetwork(page.page, network) : undefined;
    const browser = shared.browser.launched;
    shared.served += 1;
    let released: Promise<void> | undefined;

    async function giveBack(verdict: Verdict): Promise<void> {
      unwatch?.();
      if (verdict === 'broken' && !page.gone.aborted) host.doubt(shared.browser);
      const again =
        verdict === 'good' && spec.fresh !== true && host.mayServe(shared) && (await page.reset());
      if (!again) {
        const why = page.gone.aborted || browser.gone.aborted ? 'lost' : verdict === 'good' ? 'age' : 'doubt';
        onEvent({ kind: 'page.retired', browser: browser.id, why });
        slot.warm = undefined;
        // The slot is free from here on, whatever closing takes.
        void page.close().then(() => host.leave(shared));
      }
      await slots.release(slot);
    }

    return {
      page: page.page,
      browser: browser.id,
      lost: AbortSignal.any([page.gone, browser.gone]),
      network,
      release(verdict) {
        released ??= giveBack(verdict).catch(() => undefined);
        return released;
      },
    };
  }

  return {
    async lease(spec, signal) {
      signal?.throwIfAborted();
      swept ??= sweepLeftovers(options.temp);
      await swept;
      const slot = await slots.acquire();
      try {
        signal?.throwIfAborted();
        return leaseOf(slot, await pageFor(slot, spec), spec);
      } catch (error) {
        await slots.release(slot);
        throw error;
      }
    },
    stats: () => ({
      browsers: host.browsers(),
      leased: slots.borrowed,
      waiting: slots.pending,
      maxPages: options.maxPages,
    }),
    async close() {
      await host.close();
    },
  };
}
