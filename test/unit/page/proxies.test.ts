import { expect, it } from 'vitest';
import type { ProxySight } from '../../../browser-pool/index.js';
import { ThreshError } from '../../../src/errors.js';
import type { ProxyEvent } from '../../../src/page/events.js';
import { createProxies, type ProxiesOptions } from '../../../src/page/proxies/proxies.js';

const PAGE = 'https://shop.test/p/1';
const DEAD: ProxySight = { answer: 'dead', reason: 'connection refused' };
const WORKS: ProxySight = { answer: 'works' };
const UNREACHABLE: ProxySight = { answer: 'unreachable', reason: 'answers 502 to a connection' };

/** Proxies `http://NAME:1`, whose forwarders say what `sights` has of them, else that they work. */
function proxiesOf(given: ProxiesOptions['given'], sights: Record<string, ProxySight> = {}) {
  const clock = { nowMs: 0 };
  const events: ProxyEvent[] = [];
  const proxies = createProxies({
    given,
    now: () => clock.nowMs,
    onEvent: (event) => events.push(event),
    forward: async (url) => ({
      server: `forwarder of ${new URL(url).hostname}`,
      probe: async () => sights[new URL(url).hostname] ?? WORKS,
      bytes: () => 0,
      close: async () => undefined,
    }),
  });
  return { proxies, clock, events, kinds: () => events.map(({ kind }) => kind) };
}

const urls = (...names: string[]): string[] => names.map((name) => `http://user:s3cret@${name}:1`);
const failure = (code: ThreshError['code'], retry: ThreshError['retry'] = 'later') => ({
  error: new ThreshError('failed', { code, scope: 'page', retry }),
  url: PAGE,
});

it('passes over the dead ones before a page goes through them', async () => {
  const { proxies, events } = proxiesOf(urls('a', 'b', 'c'), { a: DEAD, b: DEAD });
  expect((await proxies.take(PAGE)).name).toBe('http://c:1');
  expect(events).toEqual(
    ['a', 'b'].map((name) => ({
      kind: 'proxy.left',
      proxy: `http://${name}:1`,
      reason: 'connection refused',
      forMs: 60_000,
    })),
  );
});

it('with none left says which and why, without a password, and has the first that answers again', async () => {
  const sights: Record<string, ProxySight> = { a: DEAD, b: DEAD };
  const { proxies, kinds } = proxiesOf(urls('a', 'b'), sights);
  const error = await proxies.take(PAGE).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'PROXY_FAILED',
    message: 'proxies: all 2 are out: http://a:1 (connection refused), http://b:1 (connection refused)',
  });
  sights.b = WORKS;
  expect((await proxies.take(PAGE)).name).toBe('http://b:1');
  expect(kinds()).toEqual(['proxy.left', 'proxy.left', 'proxy.returned']);
});

it('blames a proxy that died for the page’s failure, and comes back as another session', async () => {
  const sights: Record<string, ProxySight> = {};
  const { proxies, clock } = proxiesOf(urls('a', 'b'), sights);
  const before = await proxies.take(PAGE);
  sights.a = DEAD;
  expect(await proxies.failed(before, failure('NOT_READY'))).toMatchObject({
    code: 'PROXY_FAILED',
    message: 'proxy http://a:1: connection refused',
    retry: { afterMs: expect.any(Number) },
  });
  sights.a = WORKS;
  clock.nowMs += 60_000;
  const after = [await proxies.take(PAGE), await proxies.take(PAGE)].find(({ name }) => name === before.name);
  expect(after).toBeDefined();
  expect(after).not.toBe(before);
});

it('leaves to the page what is its own, or the target’s', async () => {
  const { proxies, kinds } = proxiesOf(urls('a', 'b'));
  for (const [code, retry] of [
    ['NOT_READY', 'later'],
    ['EXTRACT_INVALID', 'never'],
    ['PAGE_BLOCKED', { afterMs: 1_000 }],
    ['INTERRUPTED', { afterMs: 0 }],
  ] as const) {
    const asked = failure(code, retry);
    expect(await proxies.failed(await proxies.take(PAGE), asked)).toBe(asked.error);
  }
  expect(kinds()).toEqual([]);
});

it('a target that no proxy reaches fails as without them', async () => {
  const sights: Record<string, ProxySight> = {};
  const { proxies } = proxiesOf(urls('a', 'b'), sights);
  const inFlight = [await proxies.take(PAGE), await proxies.take(PAGE)];
  Object.assign(sights, { a: UNREACHABLE, b: UNREACHABLE });
  const codes: string[] = [];
  for (const proxy of inFlight) codes.push((await proxies.failed(proxy, failure('PROXY_FAILED'))).code);
  expect(codes).toEqual(['PROXY_FAILED', 'NAVIGATION_FAILED']);
});

it('asks a provider again after ten minutes and keeps the last list while it fails, which it says once', async () => {
  const answers: unknown[] = [
    urls('a'),
    new Error('busy: http://user:s3cret@api/'),
    [],
    urls('b'),
    urls('b'),
  ];
  const { proxies, clock, events } = proxiesOf(async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer as string[];
  });
  const names: string[] = [];
  for (let look = 0; look < 5; look++) {
    const proxy = await proxies.take(PAGE);
    names.push(proxy.name);
    proxies.served(proxy);
    clock.nowMs += 10 * 60_000;
    await new Promise((resolve) => setImmediate(resolve)); // what was asked beside the work has come
  }
  expect(names).toEqual(['a', 'a', 'a', 'a', 'b'].map((name) => `http://${name}:1`));
  expect(events).toEqual([{ kind: 'proxies.missed', reason: 'busy: http://api/' }]);
});
