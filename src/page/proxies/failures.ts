/** How the failure of a proxy comes out of a page's work. */
import { ThreshError } from '../../errors.js';

const RETRY_MS = 100;

/** Nothing of the page: it is tried again through another proxy. */
export function proxyFailed(message: string, cause?: unknown): ThreshError {
  return new ThreshError(message, {
    code: 'PROXY_FAILED',
    scope: 'page',
    retry: { afterMs: RETRY_MS },
    cause,
  });
}

/** The same through every proxy. */
export function targetUnreachable(url: string, cause: unknown): ThreshError {
  return new ThreshError(`${url}: no proxy reaches its host`, {
    code: 'NAVIGATION_FAILED',
    scope: 'page',
    retry: 'later',
    cause,
  });
}

export function stopped(): ThreshError {
  return new ThreshError('stopped', { code: 'INTERRUPTED', scope: 'page', retry: { afterMs: 0 } });
}
