/** Requests without a browser: who they come as, and what of an answer is borne. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_ANSWER_LENGTH } from '../../../src/data-lane/captured.js';
import { createIdentities } from '../../../src/page/fetch/identity.js';
import { untouchablePage } from '../../../src/page/fetch/untouchable.js';
import { createWire, type Wire } from '../../../src/page/fetch/wire.js';

const ANSWERS_MS = 50;
const BUSY_MS = 30;
let server: Server;
let url: string;
let wire: Wire;
const asked: IncomingMessage[] = [];

beforeAll(async () => {
  const codes = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };
  server = createServer((request, response) => {
    asked.push(request);
    const name = request.url?.slice(1) ?? '';
    const code = codes[name as keyof typeof codes];
    if (code !== undefined)
      response.writeHead(200, { 'content-encoding': name }).end(code(`{"by":"${name}"}`));
    else if (name === 'bomb')
      response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(MAX_ANSWER_LENGTH + 1)));
    else if (name === 'large') response.writeHead(200).end(Buffer.alloc(MAX_ANSWER_LENGTH + 1, 32));
    else if (name === 'away') response.writeHead(302, { location: 'http://elsewhere.example/' }).end();
    else response.writeHead(200, { 'set-cookie': 'b=2; Path=/' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  wire = createWire();
});

afterAll(async () => {
  await wire.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const ask = (path: string, headers: Record<string, string> = {}) =>
  wire.ask(
    { method: 'GET', url: `${url}/${path}`, headers, body: undefined },
    { signal: AbortSignal.timeout(20_000), proxy: undefined },
  );

it('what this process is late to see is not laid to the one that answered', async () => {
  const code = `require('node:http').createServer((_, response) => setTimeout(() => response.end('{}'), ${ANSWERS_MS}))
    .listen(0, '127.0.0.1', function () { console.log(this.address().port); })`;
  const other = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(createInterface({ input: other.stdout }), 'line');
  // Half of the time it is not to be spoken to.
  const busy = setInterval(() => {
    for (const until = performance.now() + BUSY_MS; performance.now() < until; );
  }, 2 * BUSY_MS);
  try {
    const request = {
      method: 'GET' as const,
      url: `http://127.0.0.1:${port}/`,
      headers: {},
      body: undefined,
    };
    const times: { seen: number; told: number }[] = [];
    for (let at = 0; at < 60; at++) {
      const sentAt = performance.now();
      const way = { signal: AbortSignal.timeout(20_000), proxy: undefined };
      const { firstByteMs } = await wire.ask(request, way);
      times.push({ seen: performance.now() - sentAt, told: firstByteMs });
    }
    const mean = (of: 'seen' | 'told'): number =>
      times.slice(10).reduce((sum, time) => sum + time[of], 0) / (times.length - 10);
    expect(mean('told')).toBeGreaterThan(ANSWERS_MS * 0.8);
    expect(mean('told') - ANSWERS_MS).toBeLessThan((mean('seen') - ANSWERS_MS) * 0.7);
  } finally {
    clearInterval(busy);
    other.kill('SIGKILL');
  }
});

describe('an answer', () => {
  it.each(['gzip', 'br', 'deflate'])('is read when it is encoded by %s', async (name) => {
    expect((await ask(name)).text).toBe(`{"by":"${name}"}`);
  });

  it('that is too large is not read to its end, packed or not', async () => {
    await expect(ask('large')).rejects.toThrow(/over/);
    await expect(ask('bomb')).rejects.toThrow();
  });

  it('that leads elsewhere is not followed', async () => {
    expect(await ask('away')).toMatchObject({ status: 302, location: 'http://elsewhere.example/' });
  });
});

it('a request goes by the proxy of its session', async () => {
  const { text } = await wire.ask(
    { method: 'POST', url: 'http://shop.invalid/api/9?a=1', headers: {}, body: '{}' },
    { signal: AbortSignal.timeout(20_000), proxy: url },
  );
  expect(text).toBe('{}');
  expect(asked.at(-1)).toMatchObject({ method: 'POST', url: 'http://shop.invalid/api/9?a=1' });
  expect(asked.at(-1)?.headers.host).toBe('shop.invalid');
});

describe('a request', () => {
  const session = { generation: 0, storageState: undefined, proxy: undefined };
  const template = { name: 'product', headers: [{ name: 'x-id', kind: 'left-out' }] } as never;
  const request = (path: string) =>
    ({
      method: 'GET',
      url: `${url}/${path}`,
      headers: { 'x-of-page': '7' },
      body: undefined,
    }) as const;
  const answer = (headers: Record<string, string>) => ({
    name: 'product',
    request: { method: 'GET', url: `${url}/api/1`, headers, body: undefined },
    status: 200,
    contentType: undefined,
    text: '{}',
  });
  const cookie = {
    name: 'a',
    value: '1',
    domain: '127.0.0.1',
    path: '/api',
    expires: -1,
    httpOnly: true,
    secure: false,
    sameSite: 'Lax' as const,
  };

  it('comes as the page did, with the cookies that are for its path, and those that answers set since', async () => {
    const identities = createIdentities();
    expect(identities.of(session)).toBeUndefined();
    const sent = {
      'User-Agent': 'Browser/1',
      'accept-language': 'de',
      'x-token': 'secret',
      'x-id': 'of that request alone',
      referer: `${url}/p/1`,
      cookie: 'a=1',
      host: 'gone',
      'accept-encoding': 'zstd',
    };
    identities.learn(session, { url: `${url}/p/1#top`, cookies: [cookie], answers: [answer(sent)] });
    const identity = identities.of(session);
    const headers = identity?.headersOf(request('api/2'), template, `${url}/p/2`);
    expect(headers).toEqual({
      'user-agent': 'Browser/1',
      'accept-language': 'de',
      'x-token': 'secret',
      'x-of-page': '7',
      referer: `${url}/p/2`,
      cookie: 'a=1',
      'accept-encoding': 'gzip, deflate, br',
    });
    const { setCookie } = await ask('api/2', headers);
    identity?.took(`${url}/api/2`, setCookie);
    expect(asked.at(-1)?.headers).toMatchObject({ cookie: 'a=1', 'user-agent': 'Browser/1' });
    expect(identity?.headersOf(request('api/3'), template, url)?.cookie).toBe('a=1; b=2');
    expect(identity?.headersOf(request('other'), template, url)?.cookie).toBe('b=2');
  });

  it('has no cookies where the page sent none, and is nobody when no page sent one', () => {
    const identities = createIdentities();
    identities.learn(session, { url, cookies: [cookie], answers: [answer({ accept: '*/*' })] });
    const identity = identities.of(session);
    expect(identity?.headersOf(request('api/2'), template, url)).not.toHaveProperty('cookie');
    expect(
      identity?.headersOf(request('api/2'), { name: 'more', headers: [] } as never, url),
    ).toBeUndefined();
  });

  it('is nobody after its identity expired, unless a page has shown another one meanwhile', () => {
    const identities = createIdentities();
    identities.learn(session, { url, cookies: [], answers: [] });
    const first = identities.of(session);
    identities.learn(session, { url, cookies: [], answers: [] });
    if (first !== undefined) identities.expire(session, first);
    const second = identities.of(session);
    expect(second).toBeDefined();
    if (second !== undefined) identities.expire(session, second);
    expect(identities.of(session)).toBeUndefined();
  });
});

it('a page that is not there is known to be touched, also by who catches it', () => {
  const { page, wasTouched } = untouchablePage();
  expect(wasTouched()).toBe(false);
  expect(() => page.url()).toThrow(/page\.url was used, but this page was fetched/);
  expect(wasTouched()).toBe(true);
});
