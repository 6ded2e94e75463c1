import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Lease, LeaseSpec } from '../../../browser-pool/index.js';
import { type SmallServer, startSmallServer } from '../../support/small-server.js';
import { openPool, type PoolLab } from './pool-lab.js';

let lab: PoolLab;
let server: SmallServer;
/** The same server, as somebody else. */
let otherUrl: string;
let lease: Lease;
let answer: (path: string, response: ServerResponse, request: IncomingMessage) => void;

const blocking: LeaseSpec = {
  identity: 'a',
  context: {},
  block: { types: ['image'], urls: ['*/kept-away*'] },
};
const spec = (more: Partial<LeaseSpec> = {}): LeaseSpec => ({ ...blocking, ...more });
const later = (ms: number, done: () => void): void => void setTimeout(done, ms);

beforeAll(async () => {
  server = await startSmallServer((request, response) => answer(request.url ?? '', response, request));
  otherUrl = server.url.replace('127.0.0.1', 'localhost');
  lab = await openPool({ maxPages: 1 });
});

afterEach(async () => {
  await lease?.release('good');
});

afterAll(async () => {
  await server?.stop();
  await lab?.close();
});

function page(script: string, delays: Record<string, number> = {}): typeof answer {
  return (path, response) => {
    if (path.startsWith('/page')) {
      response.setHeader('content-type', 'text/html');
      later(delays[path] ?? 0, () => response.end(`<script>${script}</script>`));
    } else {
      response.setHeader('access-control-allow-origin', '*');
      later(delays[path] ?? 0, () => response.end('{}'));
    }
  };
}

async function visit(path = '/page', more: Partial<LeaseSpec> = {}) {
  lease = await lab.pool.lease(spec(more));
  await lease.page.goto(server.url + path, { waitUntil: 'load' });
  await lease.page.waitForFunction('window.done');
  return lease.answers;
}

const run = (code: string): string => `(async () => { ${code} })().finally(() => { window.done = true; });`;

test.each([
  ['blocking', {}],
  ['loading all', { block: false as const, identity: 'b' }],
])('%s: the first byte of a slow document and of a slow data request, XHR as well', async (_, more) => {
  answer = page(
    run(`await fetch('/data'); await new Promise((resolve) => {
        const asking = new XMLHttpRequest(); asking.open('GET', '/more'); asking.onload = resolve; asking.send();
      });`),
    { '/page': 150, '/data': 250, '/more': 80 },
  );
  const { document, data, answeredWell, pending } = await visit('/page', more);
  expect(document).toMatchObject({ url: `${server.url}/page`, status: 200 });
  expect(document?.firstByteMs).toBeGreaterThanOrEqual(149);
  expect(data.map(({ url, status }) => [url, status])).toEqual([
    [`${server.url}/data`, 200],
    [`${server.url}/more`, 200],
  ]);
  expect(data[0]?.firstByteMs).toBeGreaterThanOrEqual(249);
  expect(data[1]?.firstByteMs).toBeGreaterThanOrEqual(79);
  expect({ answeredWell, pending }).toEqual({ answeredWell: 2, pending: 0 });
});

test('time in the queue of the browser is not the time of the target: 8 requests, 6 connections', async () => {
  const took = new Map<string, number>();
  const served = page(run(`await Promise.all([...Array(8)].map((_, at) => fetch('/data-' + at)));`));
  answer = (path, ...rest) => {
    const came = performance.now();
    later(path.startsWith('/data') ? 600 : 0, () => {
      took.set(server.url + path, performance.now() - came);
      served(path, ...rest);
    });
  };
  const { data } = await visit();
  expect(data).toHaveLength(8);
  for (const { url, firstByteMs = 0 } of data) {
    expect(firstByteMs).toBeGreaterThanOrEqual(599);
    expect(firstByteMs - (took.get(url) ?? 0)).toBeLessThan(400); // two of them waited 600 ms longer
  }
});

test('a third party is counted apart, unless the target names its host', async () => {
  answer = page(run(`await fetch('${otherUrl}/collect'); await fetch('/data');`));
  const { data, elsewhere } = await visit();
  expect(data.map(({ url }) => url)).toEqual([`${server.url}/data`]);
  expect(elsewhere).toBe(1);
  await lease.release('good');
  expect((await visit('/page', { ownHosts: ['localhost'] })).data).toHaveLength(2);
});

test('each lease counts anew, and no more than 20', async () => {
  answer = page(run(`for (let at = 0; at < 25; at++) await fetch('/data-' + at);`));
  const first = await visit();
  expect(first.data).toHaveLength(20);
  expect(first.answeredWell).toBe(25);
  await lease.release('good');
  answer = page(run(''));
  const second = await visit();
  expect(second.document).toMatchObject({ status: 200 });
  expect(second.data).toEqual([]);
});

test('of redirects the last answer', async () => {
  const served = page(run(`await fetch('/data');`));
  answer = (path, response, request) =>
    path === '/from' || path === '/data'
      ? later(300, () => response.writeHead(302, { location: path === '/from' ? '/page' : '/data-2' }).end())
      : served(path, response, request);
  const { document, data } = await visit('/from');
  expect(document).toMatchObject({ url: `${server.url}/page`, status: 200 });
  expect(document?.firstByteMs).toBeLessThan(300);
  expect(data).toMatchObject([{ url: `${server.url}/data-2`, status: 200 }]);
});

test('what is refused, failed or cut stands until the same request is answered well', async () => {
  const served = page(
    run(`
      const post = (body) => fetch('/graph', { method: 'POST', body }).catch(() => {});
      await post('one'); await post('two'); await post('one');
      await fetch('/cut').catch(() => {}); await fetch('/502'); await fetch('/kept-away').catch(() => {});
      const leaving = new AbortController(); fetch('/page-slow', { signal: leaving.signal }).catch(() => {}); leaving.abort();
    `),
    { '/page-slow': 5_000 },
  );
  let refused = 0;
  answer = (path, response, request) => {
    if (path === '/cut') response.destroy();
    else if (path === '/502') response.writeHead(502).end();
    else if (path === '/graph' && refused++ < 2) response.writeHead(429, { 'retry-after': '7' }).end();
    else served(path, response, request);
  };
  const { refusals, troubles, answeredWell } = await visit();
  expect(refusals).toMatchObject([
    { status: 429, retryAfter: '7' },
    { status: 429, retryAfter: '7' },
  ]);
  expect(troubles).toMatchObject([
    { url: `${server.url}/graph`, status: 429 },
    { url: `${server.url}/cut`, status: undefined },
    { url: `${server.url}/502`, status: 502 },
  ]);
  expect(answeredWell).toBe(1);
});

test('a refusal that CORS hides from the page is seen', async () => {
  const served = page(run(`await fetch('${otherUrl}/data').catch(() => {});`));
  answer = (path, response, request) =>
    path === '/data'
      ? response.writeHead(429, { 'retry-after': '3' }).end()
      : served(path, response, request);
  const { refusals } = await visit('/page', { ownHosts: ['localhost'] });
  // The headers are told of by another process than the request and its failure are, and may come after them.
  await expect.poll(() => refusals).toMatchObject([{ status: 429, retryAfter: '3' }]);
});

test('what the cache serves is no answer of the target', async () => {
  const served = page(run(`await fetch('/data'); await fetch('/data');`));
  answer = (path, response, request) => {
    if (path === '/data') response.setHeader('cache-control', 'max-age=60');
    served(path, response, request);
  };
  const { data, answeredWell } = await visit();
  expect(data).toHaveLength(1);
  expect(answeredWell).toBe(2);
});
