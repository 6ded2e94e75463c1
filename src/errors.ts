/**
 * The one family of errors. Whether and when to try again is a property of the failure, decided where it is
 * raised; nobody parses messages.
 */

/** Stable names of failures: people's scripts, `thresh failures` and the report group by them. */
export type ErrorCode =
  // batch: nothing goes on
  | 'TARGET_INVALID'
  | 'USAGE'
  | 'REDIS_UNAVAILABLE'
  | 'BROWSER_UNAVAILABLE'
  | 'DISCOVERY_FAILED'
  | 'OUTPUT_UNWRITABLE'
  | 'DATASET_FAILED'
  | 'INTERRUPTED'
  | 'CANCELLED'
  // page
  | 'NAVIGATION_FAILED'
  | 'HTTP_STATUS'
  | 'NOT_READY'
  | 'PAGE_TIMEOUT'
  | 'PAGE_GONE'
  | 'PAGE_BLOCKED'
  | 'SESSION_EXPIRED'
  | 'LOGIN_FAILED'
  | 'PROXY_FAILED'
  | 'EXTRACT_FAILED'
  | 'EXTRACT_INVALID'
  | 'URL_REFUSED'
  | 'NOT_KEPT'
  // browser
  | 'BROWSER_CRASHED'
  | 'PAGE_CRASHED'
  | 'PAGE_MEMORY';

/** `never`: the same again would fail the same; `later`: the queue's backoff; a number: not before so many ms. */
export type Retry = 'never' | 'later' | { afterMs: number };

/** What the failure spoils: one row, one page, the browser that it ran in, or the whole batch. */
export type ErrorScope = 'row' | 'page' | 'browser' | 'batch';

export interface ThreshErrorOptions {
  code: ErrorCode;
  scope: ErrorScope;
  /** Default `never`. */
  retry?: Retry;
  /** One line for the user: what to do about it. */
  mend?: string;
  cause?: unknown;
}

/** Thrown by every room for what its caller can name; anything else that is thrown is a bug of ours. */
export class ThreshError extends Error {
  override readonly name = 'ThreshError';
  readonly code: ErrorCode;
  readonly scope: ErrorScope;
  readonly retry: Retry;
  readonly mend: string | undefined;

  constructor(message: string, options: ThreshErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.scope = options.scope;
    this.retry = options.retry ?? 'never';
    this.mend = options.mend;
  }
}

export function isThreshError(error: unknown): error is ThreshError {
  return error instanceof ThreshError;
}

/** The first line of whatever was thrown, safe to show: never empty, no stack, at most 500 characters. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return (text.split('\n', 1)[0] ?? '').slice(0, 500) || 'unknown error';
}
