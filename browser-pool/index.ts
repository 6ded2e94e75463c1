/** Warm Playwright pages. Knows no queue and no target. */

export type { BrowserPool, Lease, PoolOptions, PoolStats, Verdict } from './contract.js';
export { findChromium } from './find-chromium.mjs';
export { type Forwarder, isForwarderStatus, openForwarder, type ProxySight } from './forwarder.js';
export type { BlockSpec, ContextSpec, LeaseSpec, StorageState } from './lease-spec.js';
export type { NetworkTally } from './network-tally.js';
export { isOwnSite } from './own-site.js';
export { type Answer, isRefusal, type PageAnswers } from './page-answers.js';
export type { Capture, CaptureFilter, PageCaptures } from './page-captures.js';
export { createBrowserPool } from './pool.js';
export type { PoolEvent } from './pool-event.js';
