/** Warm Playwright pages. Knows no queue and no target. */
export { findChromium } from './find-chromium.mjs';
export { type Forwarder, isForwarderStatus, openForwarder, type ProxySight } from './forwarder.js';
export type { BlockSpec, ContextSpec, LeaseSpec, StorageState } from './lease-spec.js';
export type { NetworkTally } from './network-tally.js';
export { isOwnSite } from './own-site.js';
export { type Answer, isRefusal, type PageAnswers } from './page-answers.js';
export type { Capture, CaptureFilter, PageCaptures } from './page-captures.js';
export {
  type BrowserPool,
  createBrowserPool,
  type Lease,
  type PoolOptions,
  type PoolStats,
  type Verdict,
} from './pool.js';
export type { PoolEvent } from './pool-event.js';
