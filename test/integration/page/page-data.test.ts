import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { ThreshError } from '../../../src/errors.js';
import { leaseSpecOf, renderPage } from '../../../src/page/render.js';
import { createSessions } from '../../../src/page/sessions.js';
import { resolveTarget } from '../../../src/target/defaults.js';
import type { ExtractContext, TargetDefinition, TargetLog } from '../../../src/target/definition.js';
import type { LoadedTarget } from '../../../src/target/load.js';
import { type SmallServer, startSmallServer } from '../../support/small-server.js';
import { openPool, type PoolLab } from '../browser-pool/pool-lab.js';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

let lab: PoolLab;
let server: SmallServer;
const answers: Record<string, Answer> = {};
const nothing = (): void => undefined;
const log: TargetLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

beforeAll(async () => {
  server = await startSmallServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://s');
    const answer = answers[pathname];
    if (answer === undefined) response.writeHead(404).end('{}');
    else answer(response, request);
  });
  lab = await openPool({ maxPages: 1 });
});

afterAll(async () => {
  await server?.stop();
  await lab?.close();
});

const html =
  (text: string): Answer =>
  (response) =>
    void response.setHeader('content-type', 'text/html').end(text);
const json =
  (value: unknown, afterMs = 0): Answer =>
  (response) =>
    void setTimeout(
      () => response.setHeader('content-type', 'application/json').end(JSON.stringify(value)),
      afterMs,
    );
const asks = (script: string): Answer => html(`<p>frame</p><script>${script}</script>`);

async function attempt(path: string, more: object, row: (context: ExtractContext) => unknown) {
  const definition = resolveTarget(
    {
      name: 'data',
      schema: z.object({}).loose(),
      key: [],
      discover: [],
      extract: row,
      timeoutMs: 20_000,
      ...more,
    } as unknown as TargetDefinition,
    '/targets/data.ts',
  );
  const target = { definition, hash: '0123456789', locate: () => undefined } as unknown as LoadedTarget;
  const sessions = createSessions({
    target: definition,
    pool: lab.pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies: undefined,
  });
  const outcome = await renderPage(
    {
      page: 7,
      request: { url: `${server.url}${path}`, label: undefined, data: undefined, attempt: 1 },
      log,
      signal: new AbortController().signal,
      keepFailure: () => undefined,
    },
    { target, encode: (one) => one, pool: lab.pool, sessions },
  );
  const completed = outcome.ok && outcome.rendered.outcome === 'completed' ? outcome.rendered : undefined;
  const error: ThreshError | undefined = outcome.ok ? undefined : outcome.error;
  return { row: completed?.rows[0]?.row, captured: completed?.captured, error };
}

test('an answer is what extract reads, with what was asked as it went over the wire', async () => {
  answers['/shop/1'] = (response, request) => {
    response.setHeader('set-cookie', 'who=me; Path=/');
    asks(`fetch('/api/1', { method: 'POST', headers: { 'X-Key': 'k' }, body: '{"id":1}' })`)(
      response,
      request,
    );
  };
  answers['/api/1'] = json({ sku: 'K1', prices: [{ amount: 3 }] }, 60);
  const { row, captured, error } = await attempt(
    '/shop/1',
    { data: { product: /\/api\/\d+$/ } },
    ({ data }) => ({ sku: data.product?.sku, amount: data.product?.prices?.[0]?.amount }),
  );
  expect(error).toBeUndefined();
  expect(row).toEqual({ sku: 'K1', amount: 3 });
  expect(captured?.answers).toHaveLength(1);
  expect(captured?.answers[0]).toMatchObject({
    name: 'product',
    status: 200,
    contentType: 'application/json',
    text: '{"sku":"K1","prices":[{"amount":3}]}',
    request: {
      method: 'POST',
      url: `${server.url}/api/1`,
      headers: { 'x-key': 'k', cookie: 'who=me' },
      body: '{"id":1}',
    },
  });
});

test('the answer that was asked first counts, however they overtake each other; what failed is asked again', async () => {
  answers['/race'] = asks(`fetch('/api/slow'); fetch('/api/fast')`);
  answers['/api/slow'] = json({ n: 1 }, 300);
  answers['/api/fast'] = json({ n: 2 });
  const both = { one: /\/api\/(?:slow|fast)/, every: { answer: /\/api\//, all: true } };
  const raced = await attempt('/race', { data: both }, ({ data }) => ({ data }));
  expect(raced.row).toEqual({ data: { one: { n: 1 }, every: [{ n: 1 }, { n: 2 }] } });

  let times = 0;
  answers['/again'] = asks(
    `const load = () => fetch('/api/shy').then((a) => { if (!a.ok) setTimeout(load, 200) }); load()`,
  );
  answers['/api/shy'] = (response, request) => {
    if (times++ === 0) response.writeHead(404).end('{}');
    else json({ n: 3 })(response, request);
  };
  const again = await attempt('/again', { data: { shy: /\/api\/shy/ } }, ({ data }) => ({ n: data.shy?.n }));
  expect(again.row).toEqual({ n: 3 });
});

test('redirects, the cache and a request that was preloaded give their answer', async () => {
  answers['/led'] = html(
    `<link rel="preload" as="fetch" href="/api/cached" crossorigin="anonymous"><script>
      fetch('/old/2'); fetch('/api/cached').then(() => fetch('/api/cached'))</script>`,
  );
  answers['/old/2'] = (response) => void response.writeHead(302, { location: '/api/2' }).end();
  answers['/api/2'] = json({ n: 2 });
  answers['/api/cached'] = (response, request) => {
    response.setHeader('cache-control', 'max-age=600');
    json({ n: 9 })(response, request);
  };
  const data = { led: /\/api\/2$/, cached: /cached/ };
  for (const _ of [1, 2]) {
    const { row, error } = await attempt('/led', { data }, ({ data: { led, cached } }) => ({
      led: led?.n,
      cached: cached?.n,
    }));
    expect(error).toBeUndefined();
    expect(row).toEqual({ led: 2, cached: 9 });
  }
});

test('GraphQL by operation, and what is embedded, without a further look at the page', async () => {
  answers['/mixed'] = html(`<script type="application/ld+json">{"@type":"Product","sku":"K7"}</script>
    <script id="__NEXT_DATA__" type="application/json">{"props":{"n":1}}</script><script>
    const ask = (operationName) => fetch('/graphql', { method: 'POST', body: JSON.stringify({ operationName }) });
    ask('Menu'); ask('Product')</script>`);
  answers['/graphql'] = (response, request) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => json({ data: { asked: JSON.parse(body).operationName } })(response, request));
  };
  const data = {
    product: { answer: /graphql/, graphql: 'Product' },
    ld: { embedded: 'json-ld' },
    next: { embedded: '__NEXT_DATA__' },
    none: { embedded: 'script[data-none]', optional: true },
  };
  const { row, captured, error } = await attempt('/mixed', { data }, ({ data: found }) => ({ found }));
  expect(error).toBeUndefined();
  expect(row).toEqual({
    found: {
      product: { asked: 'Product' },
      ld: [{ '@type': 'Product', sku: 'K7' }],
      next: { props: { n: 1 } },
    },
  });
  expect(captured?.answers.map(({ name, request }) => [name, request.method, request.url])).toEqual([
    ['product', 'POST', `${server.url}/graphql`],
    ['ld', 'GET', `${server.url}/mixed`],
    ['next', 'GET', `${server.url}/mixed`],
  ]);
});

test('a page that lacks its data says what of it and why, and does not wait for what cannot come', async () => {
  answers['/bad'] = asks(`fetch('/api/html'); fetch('/api/missing'); fetch('/api/cut').catch(() => 0)`);
  answers['/api/html'] = html('<p>not logged in');
  answers['/api/cut'] = (response) => void response.destroy();
  const extract = () => ({});
  const started = performance.now();
  const absent = await attempt('/bad', { data: { a: /missing/ } }, extract);
  expect(absent.error).toMatchObject({ code: 'NOT_READY', retry: 'later' });
  expect(absent.error?.message).toContain('/bad did not get its data: "a" was answered 404');
  expect(performance.now() - started).toBeLessThan(15_000);
  const noJson = await attempt('/bad', { data: { a: /html/ } }, extract);
  expect(noJson.error?.message).toContain('"a" is no JSON (text/html)');
  const never = await attempt('/bad', { data: { a: /never/, b: /html/ }, timeoutMs: 1_500 }, extract);
  expect(never.error?.message).toContain('"a" did not come, "b" is no JSON');
  expect(never.error?.code).toBe('NOT_READY');
}, 60_000);

test('with `ready` both are waited for', async () => {
  answers['/both'] = asks(
    `fetch('/api/both').then(() => setTimeout(() => { document.body.innerHTML += '<h1>tea</h1>' }, 200))`,
  );
  answers['/api/both'] = json({ n: 1 });
  const more = { data: { both: /both$/ }, ready: 'h1' };
  const { row } = await attempt('/both', more, async ({ data, page }) => ({
    n: data.both?.n,
    title: await page.textContent('h1'),
  }));
  expect(row).toEqual({ n: 1, title: 'tea' });
  answers['/shown'] = asks(
    `document.body.innerHTML += '<h1>tea</h1>'; setTimeout(() => fetch('/api/both'), 200)`,
  );
  const late = await attempt('/shown', more, ({ data }) => ({ n: data.both?.n }));
  expect(late.row).toEqual({ n: 1 });
});

test('an answer that comes late belongs to nobody’s next page', async () => {
  let sent = nothing;
  answers['/first'] = asks(`fetch('/api/quick'); fetch('/api/stuck')`);
  answers['/api/quick'] = json({ n: 1 });
  answers['/api/stuck'] = (response, request) => {
    sent = () => json({ n: 'stale' })(response, request);
  };
  await attempt('/first', { data: { quick: /quick/, n: { answer: /nothing/, optional: true } } }, () => ({}));
  answers['/second'] = asks(`setTimeout(() => fetch('/api/stuck'), 300)`);
  const stale = sent;
  const second = attempt('/second', { data: { stuck: /stuck/ } }, ({ data }) => ({ n: data.stuck?.n }));
  stale();
  answers['/api/stuck'] = json({ n: 'fresh' });
  expect((await second).row).toEqual({ n: 'fresh' });
});

test('too large an answer is refused, and a hostile one is data and no more', async () => {
  answers['/large'] = asks(`fetch('/api/large').then((a) => a.text()); fetch('/api/proto')`);
  answers['/api/large'] = (response) => void response.end(`"${'x'.repeat(17 * 1024 * 1024)}"`);
  answers['/api/proto'] = (response) => void response.end('{"__proto__":{"polluted":true},"n":1}');
  const large = await attempt('/large', { data: { large: /large$/ } }, () => ({}));
  expect(large.error?.message).toContain('"large" is larger than 16 MB');
  const proto = await attempt('/large', { data: { proto: /proto/ } }, ({ data }) => ({ ...data.proto }));
  expect(proto.row).toEqual({ n: 1 });
}, 60_000);
