/**
 * The target API (DESIGN.md 4.1): what a user writes. Types and the identity functions that carry them; nothing here
 * runs a target. `load.ts` finds and checks one, `page/` runs it.
 */
import type { Page } from 'playwright';
import type { z } from 'zod';
import type { DataSources, PageData } from './data-source.js';

export type MaybePromise<T> = T | Promise<T>;

/** JSON that a page carries along from where it was discovered to `extract`. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One page to render, as discovery or `follow` names it. */
export interface PageRequest {
  url: string;
  /** Chooses the function in `extract`, `ready` and `fields` when those are objects by label. */
  label?: string;
  data?: Json;
  /** When it last changed, as its source says (ISO 8601, a sitemap's `lastmod`): what `incremental` goes by. */
  lastmod?: string;
}

export interface FollowOptions {
  label?: string;
  data?: Json;
}

/** The request as `extract` sees it: `url` is what was asked for, `attempt` counts from 1. */
export interface ExtractRequest {
  url: string;
  label: string | undefined;
  data: Json | undefined;
  attempt: number;
}

/** A log that lands in the batch's own log with page and target; never printed raw to a terminal. */
export interface TargetLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** `Data`: a type of one's own for what `data` names; the farm does not check it. */
export interface ExtractContext<Data = PageData> {
  page: Page;
  request: ExtractRequest;
  /** What the target's `data` names, parsed; without it an empty object. */
  data: Data;
  /** Adds a page to the batch. Counts only if this page completes. */
  follow(url: string | URL, options?: FollowOptions): void;
  log: TargetLog;
  /** Aborts when the page's time is up or the batch is stopped. */
  signal: AbortSignal;
}

/** Rows: one, an array, or an async iterable; each is validated by the schema, so `unknown` is enough. */
export type ExtractResult = MaybePromise<unknown> | AsyncIterable<unknown>;
export type Extract<Data = PageData> = (context: ExtractContext<Data>) => ExtractResult;

/** A CSS selector (shown anywhere in the page counts) or a function of the page. */
export type PageTest = string | ((page: Page) => MaybePromise<unknown>);

/** How one field is read: `'.title'` is its text, `'a@href'` an attribute of it, `'@data-sku'` one of the row's own. */
export interface FieldSpec {
  /** `'SELECTOR'`, `'SELECTOR@ATTRIBUTE'` or `'@ATTRIBUTE'`. */
  select: string;
  /** Default `string`. `number` reads "1,234.50 €" as 1234.5; `url` is made absolute; `json` is parsed. */
  as?: 'string' | 'number' | 'boolean' | 'date' | 'url' | 'json' | 'html';
  /** All matches as a list instead of the first. Default false. */
  all?: boolean;
}

/** Declarative extraction, read in one round trip to the page. */
export interface FieldsSpec {
  /** Selector of each row's element; without it the whole page is one row. */
  rows?: string;
  fields: Record<string, string | FieldSpec>;
  /** Links to follow: selector (`href` is read) and the label of the pages it finds. */
  follow?: { select: string; label?: string }[];
}

export type ByLabel<T> = { [label: string]: T };

/** A source of pages: `sitemap(…)`, a list, or an async generator. */
export type Discover =
  | SitemapSource
  | readonly (string | PageRequest)[]
  | (() => AsyncIterable<string | PageRequest> | Iterable<string | PageRequest>)
  | AsyncIterable<string | PageRequest>;

export interface SitemapOptions {
  /** Only URLs that match (any of them). */
  include?: RegExp | readonly RegExp[];
  /** Not the URLs that match (any of them); wins over `include`. */
  exclude?: RegExp | readonly RegExp[];
  /** Only entries whose `lastmod` is at or after this; entries without one are taken. */
  since?: Date | string;
  /** Label of all pages found, or a function of the URL. */
  label?: string | ((url: string) => string | undefined);
}

export interface SitemapSource {
  readonly kind: 'sitemap';
  readonly urls: readonly string[];
  readonly options: SitemapOptions;
}

/** A login whose cookies and storage are shared by the contexts of the session. */
export interface SessionSpec {
  login(context: { page: Page; log: TargetLog; signal: AbortSignal }): MaybePromise<void>;
  /** Shows on a page that was reached without a valid login; such a page is not read but tried again. */
  expired?: PageTest;
}

export type ResourceType =
  | 'image'
  | 'font'
  | 'stylesheet'
  | 'media'
  | 'script'
  | 'manifest'
  | 'other'
  | 'texttrack'
  | 'eventsource'
  | 'websocket';

export interface BlockSpec {
  /** Default `['image', 'font', 'media']`. */
  types?: readonly ResourceType[];
  /** URL patterns with `*`, e.g. `'*analytics*'`. Default none. */
  urls?: readonly string[];
}

export interface BrowserSpec {
  viewport?: { width: number; height: number };
  locale?: string;
  timezone?: string;
  userAgent?: string;
  headers?: Record<string, string>;
  /** Playwright's storage state: a path (from the target's file) or the object itself. */
  storageState?: string | { cookies: unknown[]; origins: unknown[] };
}

/**
 * `lastmod`: it lies before the fetch that the rows are from. `document`: the page's document answers 304 to the `ETag` or
 * `Last-Modified` that it had then; only for pages whose rows stand in the document.
 */
export type UnchangedBy = 'lastmod' | 'document';

export interface QuietHours {
  /** `HH:MM`, included. */
  from: string;
  /** `HH:MM`, not included; before `from`: of the next day. */
  to: string;
  /** IANA name. Default UTC. */
  tz?: string;
}

export interface TargetDefinition<Schema extends z.ZodObject = z.ZodObject, Data = PageData> {
  /** `[a-z0-9-]{1,40}` */
  name: string;
  /** One delivered row. */
  schema: Schema;
  /** A row's identity: names of string, number, bigint, boolean, enum or date columns. */
  key: readonly (keyof z.output<Schema> & string)[];
  discover: Discover;
  /** Rendered when it is there. By default: when the page's `data` is in; without that, when the document has loaded. */
  ready?: PageTest | ByLabel<PageTest>;
  /** Exactly one of `extract` and `fields`. */
  extract?: Extract<Data> | ByLabel<Extract<Data>>;
  fields?: FieldsSpec | ByLabel<FieldsSpec>;
  /**
   * JSON that the page's rows come from, by name: answers of the site's own back end, or what is embedded in its
   * documents. `extract` is given it parsed. The page is not read before all of it is in.
   */
  data?: DataSources | ByLabel<DataSources>;
  /**
   * What is kept of every page that completes, for `thresh reextract` to read again without the target: its `data`
   * answers, or its HTML as it was when it was ready. Default `none`.
   */
  keep?: 'data' | 'html' | 'none';
  session?: SessionSpec;
  /**
   * What a page that is given up had for cookies is kept on this machine, for `thresh debug --failure` to have them too.
   * They are as good as a login. Default false.
   */
  keepCookies?: boolean;
  /** Shows on a page that does not exist although it answers 200. 404 and 410 are gone by themselves. */
  gone?: PageTest;
  /** Shows on a page that refuses us. 401, 403, 429 and well-known challenge pages are blocked by themselves. */
  blocked?: PageTest;
  url?: {
    /** Default false: `#…` is not part of a page's identity. */
    keepFragment?: boolean;
    /** Query parameters (names, `*` at the end for a prefix) dropped beside the well-known tracking ones. */
    dropParams?: readonly string[];
  };
  /**
   * `soft`: within a single-page application the next page of the same origin is reached by the application's own router,
   * as long as that gives the same rows as loading it, which is looked at all the time. Default `load`.
   */
  navigate?: 'load' | 'soft';
  /**
   * What not to load. `false` loads everything. Default: images, fonts, media. `auto`: beside those also the other hosts
   * (of analytics, say) that the rows were found to be the same without, as long as they are, which is looked at all the
   * time.
   */
  block?: BlockSpec | false | 'auto';
  /**
   * `auto`: pages whose `data` can be asked for without them are fetched and not rendered, as long as that gives the same
   * rows, which is looked at all the time. Default `render`.
   */
  lane?: 'render' | 'auto';
  browser?: BrowserSpec;
  /**
   * Pages that have not changed since the last delivered batch are not rendered: their rows are carried over. A share of
   * them (`sample`, default 0.02) is rendered all the same and compared; every `full`th night (default 7) all are. What
   * says that a page has not changed stands in `by`, one is enough; default `['lastmod']`. Default: every page is rendered
   * every night.
   */
  incremental?: { full?: number; sample?: number; by?: readonly UnchangedBy[] };
  /** Hosts beside those of `discover` that followed links may lead to (`*.example.com` is a suffix). */
  allowHosts?: readonly string[];
  /** Default `respect`. */
  robots?: 'respect' | 'ignore';
  /**
   * `http://`, `https://` or `socks5://`, with `user:password@` where they ask for it; or a function that gives such a
   * list, asked again every 10 minutes and when all are out. Default none.
   */
  proxies?: readonly string[] | (() => MaybePromise<readonly string[]>);
  throttle?: {
    /** Pages in flight over the whole farm. Default 8. */
    maxConcurrency?: number;
    /** Least time between the starts of two pages over the whole farm, ms. Default 0. */
    minDelayMs?: number;
    /** Times of the day at which no page starts; the batch waits and goes on by itself. Default none. */
    quietHours?: QuietHours | readonly QuietHours[];
  };
  /** Tries after the first. Default 3. */
  retries?: number;
  /** All of one attempt at a page: navigation, `ready`, `extract`. Default 60,000. */
  timeoutMs?: number;
  sla?: {
    /** `'4h'`, `'30m'`, `'90s'`: from the batch's start to its end. Without it no margin is reported. */
    window: string;
    /** No faster than the window needs, with a reserve of 30 %. Default true; false: as fast as the target bears. */
    pace?: boolean;
  };
  schedule?: {
    /** Five fields: minute, hour, day of the month, month, day of the week. */
    cron: string;
    /** Default `UTC`. */
    tz?: string;
    /**
     * When the target's last batch still runs: `skip` this one, `queue` it until that has ended, `cancel` that one.
     * Default `skip`.
     */
    overlap?: 'skip' | 'queue' | 'cancel';
    /** When no worker was there at the time: `run` once, late, or `skip`. Default `run`. */
    missed?: 'run' | 'skip';
  };
  gate?: {
    /** Least share of the pages (without gone and skipped) that must have completed. Default 0.98. */
    minCompleted?: number;
    /** Greatest share of the rows read that may be in quarantine. Default 0.05. */
    maxQuarantined?: number;
    /** Least number of delivered rows. Default 1. */
    minRows?: number;
    /**
     * Share by which the rows may fall below the median of the last seven datasets, and rise as many times above it.
     * A noisy history widens it, up to 0.4. Default 0.25; 1: not compared.
     */
    maxRowChange?: number;
    /** By how much a column's share of NULLs may differ from that median; noise widens it. Default 0.1; 1: not compared. */
    maxNullChange?: number;
    /** Pause when most of the last pages say that the site has changed. Default true. */
    pauseOnDrift?: boolean;
  };
  /** `to`: a folder, default THRESH_OUT. */
  deliver?: { to: string };
}

/** Declares a target: an identity function whose worth is in its types. Checked when the farm loads it. */
export function defineTarget<Schema extends z.ZodObject, Data = PageData>(
  target: TargetDefinition<Schema, Data>,
): TargetDefinition<Schema, Data> {
  return target;
}

/** Pages from a sitemap, a sitemap index or several (plain or gzipped), streamed. */
export function sitemap(url: string | readonly string[], options: SitemapOptions = {}): SitemapSource {
  return { kind: 'sitemap', urls: typeof url === 'string' ? [url] : url, options };
}
