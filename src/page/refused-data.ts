/**
 * A data request that the target answered by 429 or 503: the page that asked it cannot be complete. Its own script may
 * ask again, and a good answer to the same request makes up for it; when none comes within a short grace there is
 * nothing to wait for, and the page is tried again when the target said.
 */
import { isRefusal, type PageAnswers } from '../../browser-pool/index.js';
import { ThreshError } from '../errors.js';
import { overloadWaitMs } from './retry-after.js';
import type { Stop } from './stop.js';

const GRACE_MS = 2_000;
const LOOK_MS = 200;

export interface RefusedWhere {
  /** For so long already. Default 0. */
  forMs?: number;
  /** Epoch ms: first refused not before this. Default 0. */
  sinceMs?: number;
  cause?: unknown;
}

/** The failure of a page whose data is refused now; undefined when none is. */
export function refusedData(
  answers: PageAnswers,
  { forMs = 0, sinceMs = 0, cause }: RefusedWhere = {},
): ThreshError | undefined {
  const nowMs = Date.now();
  const refused = answers.troubles.filter(
    (trouble) => isRefusal(trouble.status) && trouble.sinceMs >= sinceMs && nowMs - trouble.sinceMs >= forMs,
  );
  const [first] = refused;
  if (first === undefined) return undefined;
  const waits = refused.map(({ retryAfter, atMs }) =>
    overloadWaitMs(retryAfter, { answeredAtMs: atMs, nowMs }),
  );
  return new ThreshError(`${first.url.slice(0, 500)} refuses us: answered ${first.status} to the page`, {
    code: 'PAGE_BLOCKED',
    scope: 'page',
    retry: { afterMs: Math.max(...waits) },
    mend: 'a request that the page can do without is kept away by `block: { urls }`',
    cause,
  });
}

/** Rejects with that failure once the grace is over; else never settles. Ends with `stop`. */
export function untilDataRefused(answers: PageAnswers, stop: Stop): Promise<never> {
  return new Promise((_, reject) => {
    const look = (): void => {
      const refused = refusedData(answers, { forMs: GRACE_MS });
      if (refused !== undefined) reject(refused);
      else looking = setTimeout(look, LOOK_MS);
    };
    let looking = setTimeout(look, GRACE_MS); // most pages are ready before, and wake nobody up
    stop.whenStopped(() => clearTimeout(looking));
  });
}
