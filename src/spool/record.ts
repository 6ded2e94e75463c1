/**
 * The lines of a segment. A page's lines stand together and end with its `page` line, which is the commit: rows
 * without it were never completed and do not exist. Each line is one JSON object and ends with a newline.
 *
 *   row*  quarantined*  page        one group, appended in one write
 *
 * The commit carries the number of bytes before it in its group and their CRC-32, so that a torn or overwritten
 * group is recognised and left out instead of being parsed.
 */

export type PageOutcome = 'completed' | 'gone' | 'skipped' | 'dead';

/** A valid row. `row` is encoded by the target's columns: dates as ISO text, bigints and decimals as text. */
export interface RowRecord {
  kind: 'row';
  /** The page's number in the frontier. */
  page: number;
  /** The row's place within its page, from 0. */
  index: number;
  url: string;
  /** ISO 8601, UTC, ms. */
  fetchedAt: string;
  row: Record<string, unknown>;
  /** The batch that fetched it, of a row that was carried over from an earlier one. */
  carriedFrom?: string;
}

/** A row that the schema refused, kept as it was read (cut when over 64 KB). */
export interface QuarantinedRecord {
  kind: 'quarantined';
  page: number;
  index: number;
  url: string;
  attempt: number;
  fetchedAt: string;
  row: unknown;
  issues: { path: string; code: string; message: string }[];
}

export interface FollowedLink {
  url: string;
  label?: string;
  data?: unknown;
}

export interface PageFailure {
  code: string;
  message: string;
  status?: number;
  /** Paths within the batch's folder: `artifacts/…`. */
  screenshot?: string;
  html?: string;
  trace?: string;
  /** `cookies/…`, which is not delivered. */
  cookies?: string;
  /** Who the page came as; the proxy without user and password. */
  proxy?: string;
  userAgent?: string;
}

/** Of a page that was read by a short cut: within an application that stood there, or with less loaded. */
export interface SoftMark {
  /** The application as it was loaded once, or a process's pages with less loaded; unique in the batch. */
  document: string;
  /** The document's how manieth page, from 1. */
  nth: number;
  /** Of what the page gave. */
  digest: string;
}

/** Of a page that was not rendered: its rows are those that an earlier batch got of it. */
export interface CarriedMark {
  /** That batch. */
  from: string;
  /** ISO 8601, UTC: when it fetched them. */
  fetchedAt: string;
  /** Its document was asked, and said that it has not changed. */
  asked?: true;
}

/** What a document answered, to be asked by whether it has changed. */
export type Validator = { etag: string } | { lastModified: string };

/**
 * Why a page was rendered that a target would have fetched: `learning` of it, a `sample` of those that were fetched, what
 * was fetched was in `doubt`, to know a `session` anew, a `retry`, its requests are `not-learned`, or the lane is `off`.
 */
export type RenderedFor = 'learning' | 'sample' | 'doubt' | 'session' | 'retry' | 'not-learned' | 'off';

/** What is kept of a page, to be read again without the target: names of contents (store/kept-content.ts). */
export type KeptPage = {
  /** The part of the store where they are. */
  from: string;
  /** ISO 8601, UTC: when the page was fetched. */
  fetchedAt: string;
} & ({ html: string } | { answers: KeptAnswer[] });

/** A data answer. What was sent beside its URL is not kept, but for the names of GraphQL operations. */
export interface KeptAnswer {
  name: string;
  method: string;
  url: string;
  status: number;
  type?: string;
  operations?: (string | null)[];
  /** Of its text. */
  content: string;
}

/** The commit of one page's group. */
export interface PageRecord {
  kind: 'page';
  page: number;
  url: string;
  label?: string;
  outcome: PageOutcome;
  /** The attempt that this was, from 1. */
  attempt: number;
  at: string;
  rows: number;
  quarantined: number;
  follow?: FollowedLink[];
  failure?: PageFailure;
  timings?: Record<string, number>;
  /** Bytes that the page took over the network; of a few pages only. */
  weight?: number;
  /** Bytes through proxies since this process's last record: what they cost. */
  proxyBytes?: number;
  soft?: SoftMark;
  carried?: CarriedMark;
  renderedFor?: RenderedFor;
  /** Of a target that keeps what its rows come from. */
  kept?: KeptPage;
  /** Of a target whose nights ask documents whether they have changed. */
  validator?: Validator;
  /** Bytes of the group's lines before this one, and their CRC-32. */
  bytes: number;
  crc: number;
}
