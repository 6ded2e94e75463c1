import type { BrowserContextOptions } from 'playwright';
import type { CaptureFilter } from './page-captures.js';

export type StorageState = Exclude<NonNullable<BrowserContextOptions['storageState']>, string>;

/** What a page's context is made of; Playwright's names. */
export type ContextSpec = Pick<
  BrowserContextOptions,
  'viewport' | 'locale' | 'timezoneId' | 'userAgent' | 'extraHTTPHeaders' | 'storageState' | 'proxy'
>;

export interface BlockSpec {
  /** Playwright's resource types. */
  types: readonly string[];
  /** URL patterns with `*`. */
  urls: readonly string[];
}

/** What a lease is for. Leases of one `identity` share a browser context: cookies, storage, caches. */
export interface LeaseSpec {
  identity: string;
  context: ContextSpec;
  /** Leases of one identity may differ in its `urls`, and in nothing else of it. */
  block: BlockSpec | false;
  /** Hosts that count as the target's in `lease.answers`, beside the site of its document. Default none. */
  ownHosts?: readonly string[];
  /** A context of its own, thrown away afterwards. */
  fresh?: boolean;
  /** In a browser of its own, thrown away afterwards: what happens to that browser happens to no other page. */
  alone?: boolean;
  /**
   * Where the lease goes first, and at once. Its page may then come without having gone to `about:blank` in between,
   * which costs as much as a small page: until it has gone there it shows an empty document at its last lease's URL.
   * Default: it comes from `about:blank`.
   */
  goesTo?: string;
  /**
   * Names an application that goes from page to page by itself. The lease may then come with the document that the last
   * lease of the same identity and application left `standing`; it says so. Default: no lease does.
   */
  application?: string;
  /**
   * Answers to keep in `lease.captures`, with their bodies. Of one identity all leases have one, or none: their pages then
   * buffer what they are answered. Default: none is kept.
   */
  capture?: CaptureFilter;
  /** Count requests, answers and console errors in `lease.network`. Default false: it costs CPU. */
  observe?: boolean;
}
