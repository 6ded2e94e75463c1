/** What keeps a batch from going on and passes by itself, or by somebody's hand elsewhere: it is waited for. */
import { setTimeout as delay } from 'node:timers/promises';
import { isThreshError, reasonOf } from '../errors.js';
import { isRedisTrouble } from '../queue/trouble.js';

const DISK = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** The reason in words; undefined for a failure that waiting does not mend. */
export function setbackOf(error: unknown): string | undefined {
  if (isRedisTrouble(error)) return `Redis: ${reasonOf(error)}`;
  if (isThreshError(error) && error.code === 'REDIS_UNAVAILABLE') return reasonOf(error);
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (
      DISK.has((cause as NodeJS.ErrnoException).code ?? '') ||
      /no space left on device/i.test(cause.message)
    )
      return reasonOf(error);
  }
  return undefined;
}

export interface Patience {
  /** Waits, each time a little longer. A reason is told once, not at each wait. */
  wait(reason: string): Promise<void>;
}

export function createPatience(onReason: (reason: string) => void, signal: AbortSignal): Patience {
  let last: string | undefined;
  let waitMs = FIRST_WAIT_MS;
  let until = 0;
  return {
    async wait(reason) {
      // What went well for longer than the longest wait is over, and is said anew when it comes again.
      if (Date.now() - until > LONGEST_WAIT_MS) {
        last = undefined;
        waitMs = FIRST_WAIT_MS;
      }
      if (reason !== last) onReason(reason);
      last = reason;
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      until = Date.now();
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    },
  };
}
