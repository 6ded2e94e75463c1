/**
 * The proxies of a target at work in this process: each with its forwarder, its health, and the pages that go through it.
 *
 * A proxy is asked for a connection to the page's host before the first page goes through it, and again when it comes
 * back from being out: so a list of dead proxies costs no page anything, and the trial of one is no page's. When a page
 * fails, its proxy is asked once more, and what it answers decides whose failure it was.
 */
import { type Forwarder, openForwarder, type ProxySight } from '../../../browser-pool/index.js';
import { reasonOf, ThreshError } from '../../errors.js';
import type { ResolvedTarget } from '../../target/defaults.js';
import { proxyName, withoutCredentials } from '../../target/proxy-urls.js';
import type { ProxyEvent } from '../events.js';
import { proxyFailed, stopped, targetUnreachable } from './failures.js';
import { createHealth } from './health.js';
import { createProxySource } from './source.js';

/** One proxy from when it is taken into use until it goes out. Coming back, it is another one. */
export interface ProxyInUse {
  /** Without user and password. */
  readonly name: string;
  /** Where the browser finds it: on loopback. */
  readonly server: string;
}

export interface PageFailure {
  error: ThreshError;
  url: string;
}

export interface Proxies {
  /** A proxy for one page: `served` or `failed` gives it back. Throws PROXY_FAILED when all are out. */
  take(url: string): Promise<ProxyInUse>;
  served(proxy: ProxyInUse): void;
  /** The failure that counts: the page's own, or PROXY_FAILED. */
  failed(proxy: ProxyInUse, failure: PageFailure): Promise<ThreshError>;
  /** That went through them since the last call, both ways. */
  takeBytes(): number;
  close(): Promise<void>;
}

export interface ProxiesOptions {
  given: NonNullable<ResolvedTarget['proxies']>;
  onEvent: (event: ProxyEvent) => void;
  /** Default `Date.now`. */
  now?: () => number;
  /** Default: of the pool. */
  forward?: (url: string) => Promise<Forwarder>;
}

const LOOK_AGAIN_MS = 5_000;
/** Of many dead ones, so many are asked in one look whether they are back. */
const ASKED_AT_ONCE = 20;
const NAMED = 3;

/** Failures that a proxy may be the cause of. What says that the site answered, or that we stopped, is none. */
const MAYBE_PROXY = new Set<ThreshError['code']>([
  'PROXY_FAILED',
  'NAVIGATION_FAILED',
  'HTTP_STATUS',
  'NOT_READY',
  'PAGE_TIMEOUT',
  'EXTRACT_FAILED',
  'LOGIN_FAILED',
]);

export function createProxies({
  given,
  onEvent,
  now = Date.now,
  forward = openForwarder,
}: ProxiesOptions): Proxies {
  const health = createHealth(now);
  const source = createProxySource({
    given,
    now,
    onMissed: (reason) => onEvent({ kind: 'proxies.missed', reason }),
  });
  /** By URL, as everything here. */
  const forwarders = new Map<string, Promise<Forwarder>>();
  /** All that there were: what went through one that is closed counts. */
  const opened: Forwarder[] = [];
  let takenBytes = 0;
  const inUse = new Map<string, Promise<ProxyInUse | undefined>>();
  const urls = new WeakMap<ProxyInUse, string>();
  const reasons = new Map<string, string>();
  /** Those of which it was said that they are out. */
  const told = new Set<string>();
  let names = new Map<string, string>();
  let listed: readonly string[] = [];
  let reviving: Promise<void> | undefined;
  let revived = 0;
  let closed = false;

  async function takeList(): Promise<void> {
    const list = await source.list();
    if (list === listed) return;
    listed = list;
    names = namesOf(list);
    health.keep(list);
    for (const [key, forwarder] of forwarders) {
      if (names.has(key)) continue;
      forwarders.delete(key);
      inUse.delete(key);
      void forwarder.then(({ close }) => close()).catch(() => undefined);
    }
  }

  function forwarderOf(key: string): Promise<Forwarder> {
    let forwarder = forwarders.get(key);
    if (forwarder === undefined) {
      forwarder = forward(key);
      forwarder.then((one) => opened.push(one)).catch(() => undefined); // whoever waits for it hears of it
      forwarders.set(key, forwarder);
    }
    return forwarder;
  }

  async function sightOf(key: string, url: string): Promise<ProxySight> {
    try {
      const sight = await (await forwarderOf(key)).probe(url);
      return sight.answer === 'works' ? sight : { ...sight, reason: withoutCredentials(sight.reason) };
    } catch (error) {
      forwarders.delete(key);
      return { answer: 'dead', reason: withoutCredentials(reasonOf(error)) };
    }
  }

  /** Takes note, and tells when that takes the proxy out of use. */
  function note(
    key: string,
    evidence: 'blocked' | 'doubtful' | 'unreachable' | 'dead',
    reason: string,
  ): 'proxy' | 'target' {
    const wasOut = health.isOut(key);
    const whose = health.note(key, evidence);
    reasons.set(key, reason);
    if (!health.isOut(key)) return whose;
    inUse.delete(key);
    if (!wasOut && names.has(key)) {
      told.add(key);
      onEvent({ kind: 'proxy.left', proxy: nameOf(key), reason, forMs: health.outForMs(key) });
    }
    return whose;
  }

  const nameOf = (key: string): string => names.get(key) ?? proxyName(key);

  /** Undefined when it is not fit for use after all. */
  function open(key: string, url: string): Promise<ProxyInUse | undefined> {
    const opening = (async () => {
      const sight = await sightOf(key, url);
      if (sight.answer !== 'works' && note(key, sight.answer, sight.reason) === 'proxy') return undefined;
      if (told.delete(key)) onEvent({ kind: 'proxy.returned', proxy: nameOf(key) });
      const proxy = { name: nameOf(key), server: (await forwarderOf(key)).server };
      urls.set(proxy, key);
      return proxy;
    })();
    inUse.set(key, opening);
    return opening;
  }

  /** All are out: nothing is lost by asking the dead ones before their time. */
  function revive(url: string): Promise<void> {
    reviving ??= (async () => {
      await source.renew();
      await takeList();
      const out = health.out();
      const asked = Array.from(
        { length: Math.min(ASKED_AT_ONCE, out.length) },
        (_, at) => out[(revived + at) % out.length] as string,
      );
      revived += asked.length;
      const sights = await Promise.all(asked.map((key) => sightOf(key, url)));
      for (const [at, key] of asked.entries()) {
        const sight = sights[at] as ProxySight;
        if (sight.answer === 'dead') reasons.set(key, sight.reason);
        else health.bringBack(key);
      }
    })().finally(() => {
      reviving = undefined;
    });
    return reviving;
  }

  function allOut(): ThreshError {
    const failure = source.failure();
    const some = listed.slice(0, NAMED).map((key) => `${nameOf(key)} (${reasons.get(key) ?? 'out'})`);
    const more = listed.length > NAMED ? ` and ${listed.length - NAMED} more` : '';
    const which =
      listed.length === 0 ? 'there is none' : `all ${listed.length} are out: ${some.join(', ')}${more}`;
    const why = failure === undefined ? '' : `; their provider fails: ${failure}`;
    return new ThreshError(`proxies: ${which}${why}`, {
      code: 'PROXY_FAILED',
      scope: 'page',
      retry: { afterMs: LOOK_AGAIN_MS },
      mend: 'it goes on as soon as one of them answers',
    });
  }

  return {
    async take(url) {
      await takeList();
      for (let looks = 0; ; ) {
        if (closed) throw stopped();
        const key = health.take();
        if (key === undefined) {
          if (looks++ > 0) throw allOut();
          await revive(url);
          continue;
        }
        const proxy = await (inUse.get(key) ?? open(key, url));
        if (proxy !== undefined) return proxy;
        health.leave(key);
      }
    },
    served(proxy) {
      const key = urls.get(proxy);
      if (key === undefined) return;
      health.leave(key);
      health.note(key, 'served');
    },
    async failed(proxy, { error, url }) {
      const key = urls.get(proxy);
      if (key === undefined) return error;
      health.leave(key);
      if (error.code === 'PAGE_BLOCKED') {
        // Asked to wait, we were too fast: the proxy has no part in it.
        if (error.retry === 'later') note(key, 'blocked', 'the target refuses it');
        return error;
      }
      if (!MAYBE_PROXY.has(error.code) || error.retry === 'never' || closed) return error;
      const sight = await sightOf(key, url);
      if (sight.answer === 'works') {
        if (error.code !== 'PROXY_FAILED') return error;
        note(key, 'doubtful', 'drops connections');
        return error;
      }
      if (note(key, sight.answer, sight.reason) === 'proxy')
        return proxyFailed(`proxy ${nameOf(key)}: ${sight.reason}`, error);
      return error.code === 'PROXY_FAILED' ? targetUnreachable(url, error) : error;
    },
    takeBytes() {
      const bytes = opened.reduce((sum, forwarder) => sum + forwarder.bytes(), 0) - takenBytes;
      takenBytes += bytes;
      return bytes;
    },
    async close() {
      closed = true;
      await Promise.all(
        [...forwarders.values()].map((forwarder) =>
          forwarder.then(({ close }) => close()).catch(() => undefined),
        ),
      );
    },
  };
}

/** What they are called, by URL. Proxies that differ in their user alone are told apart by number. */
export function namesOf(list: readonly string[]): Map<string, string> {
  const times = new Map<string, number>();
  return new Map(
    list.map((url) => {
      const name = proxyName(url);
      const time = (times.get(name) ?? 0) + 1;
      times.set(name, time);
      return [url, time === 1 ? name : `${name} (${time})`];
    }),
  );
}
