/** What whoever works with pages knows of the pool: its options, a lease, the pool. */
import type { Page } from 'playwright';
import type { LaunchOptions } from './browser.js';
import type { LeaseSpec } from './lease-spec.js';
import type { NetworkTally } from './network-tally.js';
import type { PageAnswers } from './page-answers.js';
import type { PageCaptures } from './page-captures.js';
import type { OnPoolEvent } from './pool-event.js';

export interface PoolOptions extends LaunchOptions {
  /** Leases out at once; one that is alone in its browser may come on top. */
  maxPages: number;
  /**
   * Leases from one context before it is replaced: Playwright keeps every request until a context closes. One with a
   * document standing counts for a tenth. Default 400.
   */
  pagesPerContext?: number;
  /** Leases from one browser before it is replaced. Default 2,000. */
  pagesPerBrowser?: number;
  /** For a context or a page to open in a running browser; then the browser is replaced. Default 15,000. */
  openTimeoutMs?: number;
  /** `NAME/VERSION`, at the end of the plain user agent of contexts that are given none. Default nothing. */
  product?: string;
  onEvent?: OnPoolEvent;
}

/**
 * `good`: the page may serve again. `standing`: also with the document that it shows, for the next lease of the same
 * application. `doubtful`: the page is closed. `broken`: its browser is replaced as well.
 */
export type Verdict = 'good' | 'standing' | 'doubtful' | 'broken';

export interface Lease {
  /** Playwright's own. */
  readonly page: Page;
  readonly browser: number;
  /** Aborts, with the error as its reason, when the page or its browser is gone. */
  readonly lost: AbortSignal;
  /** The page shows the document that the last lease of its application left. */
  readonly standing: boolean;
  /** What the target answered; grows while the page is at work. */
  readonly answers: PageAnswers;
  /** What the spec's `capture` chose; grows while the page is at work. */
  readonly captures: PageCaptures;
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
  /** Memory of all browsers; 0 elsewhere than on Linux. */
  memoryMb: number;
  /** CPU time of all browsers so far; 0 elsewhere than on Linux. */
  cpuSeconds: number;
}

export interface BrowserPool {
  /** Waits for a free slot. Throws BROWSER_UNAVAILABLE, BROWSER_CRASHED, or at once the signal's reason; INTERRUPTED after `close`. */
  lease(spec: LeaseSpec, signal?: AbortSignal): Promise<Lease>;
  /** What pages of contexts that are given no user agent call themselves. Throws BROWSER_UNAVAILABLE. */
  userAgent(): Promise<string>;
  stats(): PoolStats;
  /** So many leases from now on, from 1 to `maxPages`. Those out stay out; warm pages beyond it are closed at once. */
  resize(pages: number): void;
  /** The next lease comes from a new browser; the one at work is closed, and its memory free, when its last lease is back. */
  renew(): void;
  /** Bounded: whoever waits is refused, what does not close is killed. */
  close(): Promise<void>;
}
