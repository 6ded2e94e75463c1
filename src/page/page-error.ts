/** What went wrong with a page, as the one error that says whether to try again. */
import { isThreshError, reasonOf, ThreshError } from '../errors.js';
import type { LoadedTarget } from '../target/load.js';

/** Thrown for a page that refuses us; `retry` with a time when it said that it is too much. */
export function blocked(url: string, how: string, retry: 'later' | { afterMs: number }): ThreshError {
  return new ThreshError(`${url} refuses us: ${how}`, { code: 'PAGE_BLOCKED', scope: 'page', retry });
}

export function sessionExpired(url: string): ThreshError {
  return new ThreshError(`${url} shows that the session has expired`, {
    code: 'SESSION_EXPIRED',
    scope: 'page',
    retry: { afterMs: 0 },
  });
}

export function stopped(cause: unknown): ThreshError {
  return new ThreshError('stopped', { code: 'INTERRUPTED', scope: 'page', retry: { afterMs: 0 }, cause });
}

export function outOfTime(url: string, timeoutMs: number, cause: unknown): ThreshError {
  return new ThreshError(`${url} was not done in ${timeoutMs} ms`, {
    code: 'PAGE_TIMEOUT',
    scope: 'page',
    retry: 'later',
    mend: 'extract or a wait in it does not end; see `thresh debug`, or give it a larger timeoutMs',
    cause,
  });
}

/** Whatever was thrown; what we did not raise ourselves came out of the target's functions. */
export function pageError(error: unknown, target: LoadedTarget): ThreshError {
  if (isThreshError(error)) return error;
  const where = target.locate(error);
  return new ThreshError(`extract threw${where === undefined ? '' : ` at ${where}`}: ${reasonOf(error)}`, {
    code: 'EXTRACT_FAILED',
    scope: 'page',
    retry: 'later',
    cause: error,
  });
}
