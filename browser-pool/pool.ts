/**
 * Warm pages, leased for one page's work each. Three lifetimes: the browser (browser-host.ts), the context of an
 * identity within it, the lease. A lease takes a slot, as many as pages may be out at once. Slots are counted
 * by this bookkeeping alone: a page that hangs in close, or a browser that is gone, costs its page and never its slot.
 * A page that comes back in order waits on the shelf for the next lease of its identity.
 */
import { once } from 'node:events';
import { isThreshError, ThreshError } from '../src/errors.js';
import { bounded, inTime } from './bounded.js';
import { createBrowserHost, mayServe, type SharedContext } from './browser-host.js';
import { silent } from './browser-lost.js';
import type { BrowserPool, Lease, PoolOptions, Verdict } from './contract.js';
import type { LeaseSpec } from './lease-spec.js';
import { sweepLeftovers } from './leftovers.js';
import type { MemoryWatch } from './memory-watch.js';
import { emptyTally, watchNetwork } from './network-tally.js';
import { createSlots } from './slots.js';
import { openWarmPage, type WarmPage } from './warm-page.js';

interface Warm {
  page: WarmPage;
  shared: SharedContext;
  identity: string;
  memory: MemoryWatch;
  /** While it is on the shelf and has worked. */
  resting?: NodeJS.Timeout;
  /** While it is on the shelf with a document standing: whose. */
  application?: string | undefined;
}

/** On the shelf, before it goes to `about:blank`. */
const REST_AFTER_MS = 1_000;
/** The same with a document standing: to load it anew is dear, and it is alive. */
const STANDS_FOR_MS = 3_000;
const GONE_LATE_MS = 500;

export function createBrowserPool(options: PoolOptions): BrowserPool {
  const onEvent = options.onEvent ?? (() => undefined);
  const openTimeoutMs = options.openTimeoutMs ?? 15_000;
  /** Warm pages that nobody works with, oldest first; with the leases at most `maxPages`. */
  const shelf: Warm[] = [];
  const host = createBrowserHost({
    ...options,
    pagesPerContext: options.pagesPerContext ?? 400,
    pagesPerBrowser: options.pagesPerBrowser ?? 2_000,
    openTimeoutMs,
    product: options.product ?? '',
    onEvent,
    onRetired: clearShelf,
  });
  const slots = createSlots(options.maxPages);
  let size = options.maxPages;
  /** One at a time: each costs a whole browser. */
  const aloneSlots = createSlots(1);
  const asking = new Set<AbortController>();
  let swept: Promise<number> | undefined;
  let closing: Promise<void> | undefined;

  /** Drops what may not serve any more. */
  function clearShelf(): void {
    const bad = shelf.filter(({ page, shared }) => page.gone.aborted || !mayServe(shared));
    for (const warm of bad) {
      shelf.splice(shelf.indexOf(warm), 1);
      void retirePage(warm);
    }
  }

  /** Drops the oldest beyond what may be leased; `comingBack`: slots that are still out, but whose page is on the shelf. */
  function trimShelf(comingBack = 0): void {
    while (shelf.length > 0 && slots.out() - comingBack + shelf.length > size) {
      const oldest = shelf.shift();
      if (oldest !== undefined) void retirePage(oldest);
    }
  }

  async function retirePage({ page, shared }: Warm): Promise<void> {
    if (!(await page.close())) host.retire(shared.browser);
    await host.leave(shared);
  }

  async function openPage(spec: LeaseSpec): Promise<Warm> {
    trimShelf();
    const shared = host.enter(spec);
    try {
      const launched = await shared.browser.launching;
      const opening = openWarmPage(await shared.opening, spec, launched);
      const page = await inTime(opening, openTimeoutMs, silent(shared.browser.alone)).catch(
        (error: unknown) => {
          host.retire(shared.browser);
          throw error;
        },
      );
      page.gone.addEventListener('abort', clearShelf);
      return { page, shared, identity: spec.identity, memory: launched.memory };
    } catch (error) {
      void host.leave(shared);
      const { gone } = shared.browser;
      // The calls of a dying browser fail just before it is reported gone, and that is then the reason.
      if (!gone.aborted && !isThreshError(error)) await bounded(once(gone, 'abort'), GONE_LATE_MS);
      throw gone.aborted ? gone.reason : error;
    }
  }

  async function fromShelf(spec: LeaseSpec): Promise<Warm | undefined> {
    if (spec.fresh === true || spec.alone === true) return undefined;
    const warm = takeFromShelf(spec);
    if (warm === undefined) return undefined;
    clearTimeout(warm.resting);
    const stands = isStandingFor(warm, spec);
    host.serveAgain(warm.shared, stands); // before anything is waited for, so that the context serves no more than it may
    const isReady = stands || (await makeReady(warm, spec.goesTo));
    if (isReady && (await warm.page.block(spec.block))) return warm;
    void retirePage(warm);
    return fromShelf(spec);
  }

  /** Best one whose document stands for it, then one whose document stands for nobody. */
  function takeFromShelf(spec: LeaseSpec): Warm | undefined {
    const ours = shelf.filter(({ identity }) => identity === spec.identity);
    const warm =
      ours.findLast((one) => isStandingFor(one, spec)) ??
      ours.findLast(({ application }) => application === undefined) ??
      ours.at(-1);
    if (warm !== undefined) shelf.splice(shelf.indexOf(warm), 1);
    return warm;
  }

  async function makeReady(warm: Warm, goesTo: string | undefined): Promise<boolean> {
    const { page, application } = warm;
    warm.application = undefined;
    return (application === undefined || (await page.reset())) && page.makeReady(goesTo);
  }

  /** Nobody has come for it: what of its last document may be left is left behind for good. */
  async function layToRest(warm: Warm): Promise<void> {
    const at = shelf.indexOf(warm);
    if (at === -1) return;
    shelf.splice(at, 1);
    if (closing === undefined && (await makeReady(warm, undefined)) && mayServe(warm.shared)) {
      shelf.unshift(warm);
      trimShelf();
    } else void retirePage(warm);
  }

  function leaseOf(giveSlotBack: () => Promise<void>, warm: Warm, spec: LeaseSpec): Lease {
    const { page, shared, memory } = warm;
    const { browser } = shared;
    const standing = isStandingFor(warm, spec);
    warm.application = undefined;
    const network = emptyTally();
    const unwatch = spec.observe === true ? watchNetwork(page.page, network) : undefined;
    const letGo = memory.hold();
    const stopDrawing = page.draw();
    let released: Promise<void> | undefined;

    async function giveBack(verdict: Verdict): Promise<void> {
      stopDrawing();
      unwatch?.();
      page.stopCapturing();
      if (verdict === 'broken' && !page.gone.aborted) host.retire(browser);
      const mayStand = verdict === 'standing' && spec.application !== undefined && spec.fresh !== true;
      const isGood = (verdict === 'good' || verdict === 'standing') && !page.gone.aborted;
      const heaviestMb = isGood ? memory.heaviestPageMb() : Number.POSITIVE_INFINITY;
      const heavy = Number.isFinite(heaviestMb) && !(await page.isLighterThan(heaviestMb));
      const maySurvive = isGood && !heavy && mayServe(shared);
      const tidied = maySurvive && (await (mayStand ? page.leaveStanding() : page.reset()));
      if (tidied && mayServe(shared) && !closing) {
        letGo();
        warm.application = mayStand ? spec.application : undefined;
        const restMs = mayStand ? STANDS_FOR_MS : REST_AFTER_MS;
        warm.resting = setTimeout(() => void layToRest(warm), restMs).unref();
        shelf.push(warm);
        trimShelf(1);
      } else {
        const lost = page.gone.aborted || browser.gone.aborted;
        const why = lost ? 'lost' : heavy ? 'memory' : isGood ? 'age' : 'doubt';
        onEvent({ kind: 'page.retired', browser: browser.id, why });
        // The slot is free from here on, whatever closing takes.
        void retirePage(warm).finally(letGo);
      }
      await giveSlotBack();
    }

    return {
      page: page.page,
      browser: browser.id,
      lost: AbortSignal.any([page.gone, browser.gone]),
      standing,
      answers: page.answers(spec, standing),
      captures: page.captures(spec, standing),
      network,
      release(verdict) {
        released ??= giveBack(verdict).catch(() => undefined);
        return released;
      },
    };
  }

  /** Once, whoever is first to need a browser. */
  function sweep(): Promise<number> {
    swept ??= sweepLeftovers(options.temp);
    return swept;
  }

  async function obtain(spec: LeaseSpec, stop: AbortSignal): Promise<Lease> {
    await sweep();
    const giveSlotBack = await (spec.alone === true ? aloneSlots : slots).take(stop);
    try {
      stop.throwIfAborted();
      return leaseOf(giveSlotBack, (await fromShelf(spec)) ?? (await openPage(spec)), spec);
    } catch (error) {
      await giveSlotBack();
      throw error;
    }
  }

  return {
    async lease(spec, signal) {
      signal?.throwIfAborted();
      if (closing !== undefined) throw closed();
      const stop = new AbortController();
      const forward = (): void => stop.abort(signal?.reason);
      signal?.addEventListener('abort', forward, { once: true });
      asking.add(stop);
      const coming = obtain(spec, stop.signal);
      try {
        return await unlessStopped(coming, stop.signal);
      } finally {
        asking.delete(stop);
        signal?.removeEventListener('abort', forward);
      }
    },
    async userAgent() {
      const [userAgent] = await Promise.all([host.userAgent(), sweep()]);
      return userAgent;
    },
    stats: () => ({
      browsers: host.browsers(),
      leased: slots.out() + aloneSlots.out(),
      waiting: slots.waiting() + aloneSlots.waiting(),
      maxPages: size,
      memoryMb: host.memoryMb(),
      cpuSeconds: host.cpuSeconds(),
    }),
    resize(pages) {
      size = Math.min(options.maxPages, Math.max(1, pages));
      slots.resize(size);
      trimShelf();
    },
    renew: () => host.renew(),
    close() {
      closing ??= host.close();
      for (const stop of asking) stop.abort(closed());
      return closing;
    },
  };
}

function isStandingFor({ identity, application }: Warm, spec: LeaseSpec): boolean {
  return application !== undefined && application === spec.application && identity === spec.identity;
}

/** The lease, or at once the reason to stop; a lease that comes after that is given back. */
function unlessStopped(coming: Promise<Lease>, stop: AbortSignal): Promise<Lease> {
  return new Promise((resolve, reject) => {
    stop.addEventListener('abort', () => reject(stop.reason), { once: true });
    coming.then((lease) => {
      if (stop.aborted) void lease.release('good');
      else resolve(lease);
    }, reject);
  });
}

function closed(): ThreshError {
  return new ThreshError('the browser pool is closed', {
    code: 'INTERRUPTED',
    scope: 'page',
    retry: { afterMs: 0 },
  });
}
