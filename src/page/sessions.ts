/**
 * A target's logged-in identity. The first page that needs it logs in and all others wait for that one login; its
 * cookies and storage go into every context of the session. When a page finds the session expired, the same again:
 * one login for however many pages noticed, because each names the generation that it saw expire.
 */

import type { BrowserPool, LeaseSpec, StorageState } from '../../browser-pool/index.js';
import { reasonOf, ThreshError } from '../errors.js';
import type { ResolvedTarget } from '../target/defaults.js';
import type { TargetLog } from '../target/definition.js';

export interface Session {
  /** Counts the logins; names the browser contexts. */
  generation: number;
  storageState: StorageState | undefined;
}

export interface Sessions {
  current(log: TargetLog): Promise<Session>;
  /** Says that the session of this generation does not hold any more. */
  expire(generation: number): void;
  /**
   * Says that the target refused a page of this generation: the next pages get a new context, and a new login where
   * there is one. Once a generation however many pages say so, and not again within 30 s.
   */
  rotate(generation: number): void;
}

const ROTATE_EVERY_MS = 30_000;

export interface SessionsOptions {
  target: ResolvedTarget;
  pool: BrowserPool;
  /** The lease's spec of a plain page of this target. */
  leaseSpec: (session: Session) => LeaseSpec;
  /** ms; default the process's own clock. */
  now?: () => number;
}

export function createSessions({
  target,
  pool,
  leaseSpec,
  now = () => performance.now(),
}: SessionsOptions): Sessions {
  let generation = 0;
  let rotatedAtMs = Number.NEGATIVE_INFINITY;
  let current: Promise<Session> | undefined;

  async function logIn(log: TargetLog): Promise<Session> {
    const plain: Session = { generation, storageState: undefined };
    if (target.session === undefined) return plain;
    const signal = AbortSignal.timeout(target.timeoutMs);
    const lease = await pool.lease(
      { ...leaseSpec(plain), identity: `${target.name}/login`, fresh: true },
      signal,
    );
    try {
      const late = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error(`not done in ${target.timeoutMs} ms`)), {
          once: true,
        });
      });
      await Promise.race([Promise.resolve(target.session.login({ page: lease.page, log, signal })), late]);
      const storageState = (await lease.page.context().storageState()) as StorageState;
      log.info('logged in', { generation });
      return { generation, storageState };
    } catch (cause) {
      if (lease.lost.aborted) throw lease.lost.reason; // nothing of the login
      throw new ThreshError(`login failed: ${reasonOf(cause)}`, {
        code: 'LOGIN_FAILED',
        scope: 'page',
        retry: 'later',
        mend: 'try `thresh debug TARGET URL --headed` to watch the login',
        cause,
      });
    } finally {
      await lease.release('good');
    }
  }

  function expire(seen: number): void {
    if (seen !== generation) return;
    generation += 1;
    current = undefined;
  }

  return {
    current(log) {
      current ??= logIn(log).catch((error: unknown) => {
        current = undefined; // the next page tries anew
        throw error;
      });
      return current;
    },
    expire,
    rotate(seen) {
      const nowMs = now();
      if (seen !== generation || nowMs - rotatedAtMs < ROTATE_EVERY_MS) return;
      rotatedAtMs = nowMs;
      expire(seen);
    },
  };
}
