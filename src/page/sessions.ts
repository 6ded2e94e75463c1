/**
 * A target's identities: one for each proxy that it has in use, else one. A session keeps its proxy for its life, since
 * cookies and address belong together. The first page that needs a session logs in and all others of it wait for that one
 * login; its cookies and storage go into every context of the session. When a page finds it expired, the same again: one
 * login for however many pages noticed, because each names the session that it saw expire.
 */

import type { BrowserPool, LeaseSpec, StorageState } from '../../browser-pool/index.js';
import { isThreshError, reasonOf, ThreshError } from '../errors.js';
import type { ResolvedTarget } from '../target/defaults.js';
import type { TargetLog } from '../target/definition.js';
import type { PageFailure, Proxies, ProxyInUse } from './proxies/proxies.js';

export interface Session {
  /** Counts the sessions; names the browser contexts. */
  generation: number;
  storageState: StorageState | undefined;
  /** Undefined: directly. */
  proxy: ProxyInUse | undefined;
}

export interface Sessions {
  /** A session for one page, which says how it went by `served` or `failed`. Throws LOGIN_FAILED; PROXY_FAILED when there is no proxy. */
  current(log: TargetLog, url: string): Promise<Session>;
  /** The page was rendered. */
  served(session: Session): void;
  /** The failure that counts: the page's own, or that of the session's proxy. */
  failed(session: Session, failure: PageFailure): Promise<ThreshError>;
  /** Says that this session does not hold any more. */
  expire(session: Session): void;
  /**
   * Says that the target refused a page of this session: the next pages get a new context, and a new login where
   * there is one. Once a session however many pages say so, and not again within 30 s on the same way.
   */
  rotate(session: Session): void;
  /** That went through proxies since the last call, both ways; undefined without proxies. */
  takeProxyBytes(): number | undefined;
  /** Whoever asks for a session from now on is told to stop. */
  close(): Promise<void>;
}

const ROTATE_EVERY_MS = 30_000;

export interface SessionsOptions {
  target: ResolvedTarget;
  pool: BrowserPool;
  /** The lease's spec of a plain page of this target. */
  leaseSpec: (session: Session) => LeaseSpec;
  proxies: Proxies | undefined;
  /** Stands for the first login: what an earlier session had. */
  known?: StorageState | undefined;
  /** ms; default the process's own clock. */
  now?: () => number;
}

/** Stands for the way without a proxy. */
const DIRECT = {};

export function createSessions({
  target,
  pool,
  leaseSpec,
  proxies,
  known,
  now = () => performance.now(),
}: SessionsOptions): Sessions {
  let generations = 0;
  /** By the proxy that is in use: what is out of use is forgotten with it. */
  const open = new WeakMap<object, { generation: number; session: Promise<Session> }>();
  const rotatedAtMs = new WeakMap<object, number>();

  function sessionOf(proxy: ProxyInUse | undefined, log: TargetLog): Promise<Session> {
    const way = proxy ?? DIRECT;
    const known = open.get(way);
    if (known !== undefined) return known.session;
    const generation = generations++;
    const session = logIn({ generation, storageState: undefined, proxy }, log);
    open.set(way, { generation, session });
    session.catch(() => expire(proxy, generation)); // the next page tries anew
    return session;
  }

  function expire(proxy: ProxyInUse | undefined, generation: number): void {
    const way = proxy ?? DIRECT;
    if (open.get(way)?.generation === generation) open.delete(way);
  }

  async function logIn(plain: Session, log: TargetLog): Promise<Session> {
    const { generation } = plain;
    if (known !== undefined && generation === 0) return { ...plain, storageState: known };
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
      late.catch(() => undefined); // nobody waits for it once the login is done
      await Promise.race([Promise.resolve(target.session.login({ page: lease.page, log, signal })), late]);
      const storageState = (await Promise.race([lease.page.context().storageState(), late])) as StorageState;
      log.info('logged in', { generation });
      return { ...plain, storageState };
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

  return {
    async current(log, url) {
      for (;;) {
        const proxy = await proxies?.take(url);
        try {
          return await sessionOf(proxy, log);
        } catch (error) {
          if (proxies === undefined || proxy === undefined || !isThreshError(error)) throw error;
          const counted = await proxies.failed(proxy, { error, url });
          if (counted.code !== 'PROXY_FAILED') throw counted; // else through another one
        }
      }
    },
    served({ proxy }) {
      if (proxy !== undefined) proxies?.served(proxy);
    },
    async failed({ proxy }, failure) {
      if (proxies === undefined || proxy === undefined) return failure.error;
      return proxies.failed(proxy, failure);
    },
    expire({ proxy, generation }) {
      expire(proxy, generation);
    },
    rotate({ proxy, generation }) {
      const way = proxy ?? DIRECT;
      const nowMs = now();
      if (nowMs - (rotatedAtMs.get(way) ?? Number.NEGATIVE_INFINITY) < ROTATE_EVERY_MS) return;
      if (open.get(way)?.generation !== generation) return;
      rotatedAtMs.set(way, nowMs);
      expire(proxy, generation);
    },
    takeProxyBytes: () => proxies?.takeBytes(),
    async close() {
      await proxies?.close();
    },
  };
}
