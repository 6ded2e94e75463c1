import type { BrowserContextOptions } from 'playwright';

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
  block: BlockSpec | false;
  /** Hosts that count as the target's in `lease.answers`, beside the site of its document. Default none. */
  ownHosts?: readonly string[];
  /** A context of its own, thrown away afterwards. */
  fresh?: boolean;
  /** In a browser of its own, thrown away afterwards: what happens to that browser happens to no other page. */
  alone?: boolean;
  /** Count requests, answers and console errors in `lease.network`. Default false: it costs CPU. */
  observe?: boolean;
}
