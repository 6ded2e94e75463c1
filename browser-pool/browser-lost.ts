/**
 * When a browser goes away, at most one of the pages in it is to blame, and nobody can tell which. So the loss of a
 * browser that was shared counts against none of them (`retry` names a time), and only a page that was alone in its
 * browser has failed by itself (`later`). Whoever loses a browser again and again asks to be alone: `LeaseSpec.alone`.
 */
import { ThreshError } from '../src/errors.js';

/** The next browser is there at once; this long, ms, a machine without memory gets to recover. */
const RECOVERY_MS = 500;

export function browserLost(what: string, alone: boolean): ThreshError {
  return new ThreshError(alone ? `${what}, with no other page in it` : what, {
    code: 'BROWSER_CRASHED',
    scope: 'browser',
    retry: alone ? 'later' : { afterMs: RECOVERY_MS },
  });
}

/** A call that the browser took and never answered. */
export function silent(alone: boolean): ThreshError {
  return browserLost('the browser does not answer', alone);
}
