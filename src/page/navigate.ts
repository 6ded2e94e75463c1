import type { Page, Response } from 'playwright';
import { isForwarderStatus, isRefusal } from '../../browser-pool/index.js';
import { reasonOf, ThreshError } from '../errors.js';
import type { Validator } from '../spool/record.js';
import { isChallengeAnswer } from './challenges.js';
import { blocked } from './page-error.js';
import { proxyFailed } from './proxies/failures.js';
import { overloadWaitMs } from './retry-after.js';
import { validatorOf } from './validator.js';

export interface Navigation {
  /** Status of the document; undefined where there is none (about:blank, a fragment of the same document). */
  status: number | undefined;
  gone: boolean;
  /** 401: a login is wanted. What that means depends on whether the target has one. */
  loginWanted: boolean;
  /** Where it is wanted, of a document that answered 200. */
  document?: DocumentAnswer;
}

/** By which the document is asked for again without a browser, or by the next night whether it has changed. */
export interface DocumentAnswer {
  /** Undefined: it can be asked by nothing, or stands at another address than the one that was asked for. */
  validator: Validator | undefined;
  /** Headers that were sent for it. */
  sent: Record<string, string>;
}

export interface NavigateOptions {
  /** Epoch ms. */
  deadline: number;
  /** Through a proxy, by a forwarder of the pool. */
  proxied: boolean;
  /** Whether somebody is to know how the document was asked for. */
  isDocumentWanted: boolean;
}

/**
 * Goes to `url` until its document begins to arrive, and judges the answer by its status: 404 and 410 are gone.
 * Throws PAGE_BLOCKED (403, challenges; 429 and 503 with the wait that the target asked for), HTTP_STATUS for
 * other errors, NAVIGATION_FAILED when there is no answer, PROXY_FAILED when it is the way there that failed.
 */
export async function navigate(
  page: Page,
  url: string,
  { deadline, proxied, isDocumentWanted }: NavigateOptions,
): Promise<Navigation> {
  let response: Response | null;
  try {
    response = await page.goto(url, { waitUntil: 'commit', timeout: Math.max(1, deadline - Date.now()) });
  } catch (error) {
    throw navigationFailed(url, error, proxied);
  }
  const status = response?.status();
  if (response === null || status === undefined)
    return { status: undefined, gone: false, loginWanted: false };
  if (proxied && isForwarderStatus(status)) throw proxyFailed(`${url}: its proxy dropped the connection`);
  if (status === 404 || status === 410) return { status, gone: true, loginWanted: false };
  const headers = response.headers();
  if (isChallengeAnswer(headers)) throw blocked(url, 'answered with a challenge', 'later');
  if (isRefusal(status)) {
    const now = Date.now();
    const afterMs = overloadWaitMs(headers['retry-after'], { answeredAtMs: now, nowMs: now });
    throw blocked(url, `answered ${status}`, { afterMs });
  }
  if (status === 401) return { status, gone: false, loginWanted: true };
  if (status === 403) throw blocked(url, `answered ${status}`, 'later');
  if (status >= 400) {
    throw new ThreshError(`${url} answered ${status}`, {
      code: 'HTTP_STATUS',
      scope: 'page',
      retry: status >= 500 || status === 408 || status === 425 ? 'later' : 'never',
    });
  }
  const document = isDocumentWanted ? await documentAnswerOf(response) : undefined;
  return { status, gone: false, loginWanted: false, ...(document === undefined ? {} : { document }) };
}

async function documentAnswerOf(response: Response): Promise<DocumentAnswer | undefined> {
  if (response.status() !== 200) return undefined;
  const last = response.request();
  let first = last;
  for (let from = first.redirectedFrom(); from !== null; from = first.redirectedFrom()) first = from;
  const sent = await first.allHeaders().catch(() => undefined); // the page went away: what follows says so
  return (
    sent && { validator: first === last ? validatorOf(response.headers(), Date.now()) : undefined, sent }
  );
}

/** Chromium's name for why there was no answer. */
export function netErrorOf(cause: unknown): string | undefined {
  return /net::(ERR_[A-Z0-9_]+)/.exec(String(cause))?.[1];
}

function navigationFailed(url: string, cause: unknown, proxied: boolean): ThreshError {
  const reason = reasonOf(cause).replace(/^page\.goto: /, '');
  if (/Download is starting/.test(reason)) {
    return new ThreshError(`${url} is a download, not a page`, {
      code: 'NAVIGATION_FAILED',
      scope: 'page',
      cause,
    });
  }
  const name = netErrorOf(cause);
  if (proxied && name !== undefined && /^ERR_(?:PROXY|TUNNEL)_/.test(name))
    return proxyFailed(`${url}: its proxy dropped the connection (${name})`, cause);
  const late = /Timeout \d+ms exceeded/.test(reason);
  const what = late ? 'did not answer in time' : (name && PLAIN[name]) || name || reason;
  return new ThreshError(`${url}: ${what}`, {
    code: late ? 'PAGE_TIMEOUT' : 'NAVIGATION_FAILED',
    scope: 'page',
    retry: name === 'ERR_TOO_MANY_REDIRECTS' || name === 'ERR_UNSAFE_PORT' ? 'never' : 'later',
    cause,
  });
}

const PLAIN: Record<string, string> = {
  ERR_NAME_NOT_RESOLVED: 'its host does not resolve (ERR_NAME_NOT_RESOLVED)',
  ERR_CONNECTION_REFUSED: 'connection refused (ERR_CONNECTION_REFUSED)',
  ERR_CONNECTION_RESET: 'connection cut (ERR_CONNECTION_RESET)',
  ERR_EMPTY_RESPONSE: 'connection cut before an answer (ERR_EMPTY_RESPONSE)',
  ERR_TOO_MANY_REDIRECTS: 'redirects in a circle (ERR_TOO_MANY_REDIRECTS)',
  ERR_ABORTED: 'the page stopped loading by itself (ERR_ABORTED)',
};
