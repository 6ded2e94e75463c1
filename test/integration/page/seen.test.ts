import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { ThreshError } from '../../../src/errors.js';
import { leaseSpecOf, renderPage } from '../../../src/page/render.js';
import { createSessions } from '../../../src/page/sessions.js';
import { resolveTarget } from '../../../src/target/defaults.js';
import type { ExtractContext, TargetDefinition, TargetLog } from '../../../src/target/definition.js';
import type { LoadedTarget } from '../../../src/target/load.js';
import { casesOf } from '../../support/long.js';
import { type SmallServer, startSmallServer } from '../../support/small-server.js';
import { openPool, type PoolLab } from '../browser-pool/pool-lab.js';

let lab: PoolLab;
let server: SmallServer;
let answers: Record<string, (response: ServerResponse) => void>;
const times = new Map<string, number>();
const nothing = (): void => undefined;
const log: TargetLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

beforeAll(async () => {
  server = await startSmallServer(({ url = '' }, response) => {
    times.set(url, (times.get(url) ?? 0) + 1);
    const answer = answers[url];
    if (answer === undefined) response.writeHead(404).end();
    else answer(response);
  });
  lab = await openPool({ maxPages: 4 });
});

beforeEach(() => times.clear());

afterAll(async () => {
  await server?.stop();
  await lab?.close();
});

const html =
  (text: string) =>
  (response: ServerResponse): void =>
    void response.setHeader('content-type', 'text/html').end(text);
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(code, headers).end();
/** Draws an `h1` of what `/data` says; asks once more, a second later, where it is refused and `again`. */
const app = (again = false): string => `<p>frame</p><script>
  const load = async () => {
    const answer = await fetch('/data');
    if (answer.ok) document.body.innerHTML += '<h1>' + await answer.text() + '</h1>';
    else if (${again}) setTimeout(load, 500);
  };
  load();
</script>`;

function waitOf(error: ThreshError | undefined): { afterMs: number } {
  if (typeof error?.retry !== 'object') throw new Error('it asks for no wait');
  return error.retry;
}

async function attempt(more: object, url = `${server.url}/`, signal?: AbortSignal) {
  const definition = resolveTarget(
    {
      name: 'seen',
      schema: z.object({ title: z.string() }),
      key: ['title'],
      discover: [],
      ready: 'h1',
      fields: { fields: { title: 'h1' } },
      timeoutMs: 30_000,
      ...more,
    } as TargetDefinition,
    '/targets/seen.ts',
  );
  const target = { definition, hash: '0123456789', locate: () => undefined } as unknown as LoadedTarget;
  const sessions = createSessions({
    target: definition,
    pool: lab.pool,
    leaseSpec: (session) => leaseSpecOf(target, session),
    proxies: undefined,
  });
  const started = performance.now();
  const outcome = await renderPage(
    {
      page: 7,
      request: { url, label: 'detail', data: undefined, attempt: 1 },
      log,
      signal: signal ?? new AbortController().signal,
      keepFailure: () => undefined,
    },
    { target, encode: (row) => row, pool: lab.pool, sessions },
  );
  const error: ThreshError | undefined = outcome.ok ? undefined : outcome.error;
  const { generation } = await sessions.current(log, url);
  return { outcome, error, seen: outcome.seen, generation, tookMs: performance.now() - started };
}

test('a page that comes well: times of its document and data, its label and number', async () => {
  answers = { '/': html(app()), '/data': (response) => setTimeout(() => response.end('tea'), 120) };
  const { outcome, seen, generation } = await attempt({});
  expect(outcome).toMatchObject({ ok: true, rendered: { rows: [{ row: { title: 'tea' } }] } });
  expect(seen).toMatchObject({ page: 7, label: 'detail', answer: 'served' });
  expect(seen.documentMs).toBeGreaterThan(0);
  expect(seen.dataMs).toHaveLength(1);
  expect(seen.dataMs[0]).toBeGreaterThanOrEqual(119);
  expect(seen.endedAtMs - seen.startedAtMs).toBeGreaterThanOrEqual(119);
  expect(seen.retryAfterMs).toBeUndefined();
  expect(generation).toBe(0);
});

const KINDS: [number, string][] = [
  [200, 'served'],
  [404, 'served'],
  [403, 'blocked'],
  [500, 'failed'],
  [418, 'served'],
  [502, 'failed'],
  [504, 'failed'],
];
test.each(casesOf(KINDS, 4))('a document with %i is %s', async (code, answer) => {
  answers = { '/': code === 200 ? html('<h1>tea</h1>') : status(code) };
  const { seen, generation } = await attempt({});
  expect(seen.answer).toBe(answer);
  expect(seen.documentMs).toBeGreaterThan(0);
  expect(generation).toBe(answer === 'blocked' ? 1 : 0);
});

test.each(casesOf([429, 503], 1))(
  'a document with %i is refused, with what is left of its Retry-After',
  async (code) => {
    answers = { '/': status(code, { 'retry-after': '30' }) };
    const { seen, error, generation } = await attempt({});
    expect(seen.answer).toBe('refused');
    expect(seen.retryAfterMs).toBeGreaterThan(20_000);
    expect(seen.retryAfterMs).toBeLessThanOrEqual(30_000);
    expect(error).toMatchObject({ code: 'PAGE_BLOCKED', retry: { afterMs: 30_000 } });
    expect(generation).toBe(0);
  },
);

test('401 is served where there is a session, else blocked', async () => {
  answers = { '/': status(401) };
  expect((await attempt({ session: { login: async () => undefined, expired: '#no' } })).seen.answer).toBe(
    'served',
  );
  expect((await attempt({})).seen.answer).toBe('blocked');
});

test('no answer is failed: cut, refused, unknown, too slow', async () => {
  answers = { '/': (response) => void response.destroy(), '/slow': nothing };
  const late = attempt({ timeoutMs: 1_000 }, `${server.url}/slow`);
  expect((await attempt({})).seen.answer).toBe('failed');
  const free = createServer().listen(0);
  const { port } = free.address() as { port: number };
  await new Promise((resolve) => free.close(resolve));
  expect((await attempt({}, `http://127.0.0.1:${port}/`)).seen.answer).toBe('failed');
  expect((await attempt({}, 'http://shop.invalid/')).seen.answer).toBe('failed');
  const { seen, error } = await late;
  expect([seen.answer, error?.code]).toEqual(['failed', 'PAGE_TIMEOUT']);
  expect(seen.documentMs).toBeUndefined();
});

test('what is wrong with the page alone is served; without its data it is failed', async () => {
  answers = { '/': html('<h1>tea</h1>'), '/app': html(app()), '/data': status(502) };
  const thrown = await attempt({
    fields: undefined,
    extract: () => {
      throw new Error('oh');
    },
  });
  expect([thrown.error?.code, thrown.seen.answer]).toEqual(['EXTRACT_FAILED', 'served']);
  const [other, broken] = await Promise.all([
    attempt({ ready: '#never', timeoutMs: 1_500 }),
    attempt({ timeoutMs: 1_500 }, `${server.url}/app`),
  ]);
  expect([other.error?.code, other.seen.answer]).toEqual(['NOT_READY', 'served']);
  expect([broken.error?.code, broken.seen.answer]).toEqual(['NOT_READY', 'failed']);
});

test('an attempt that was stopped says nothing', async () => {
  answers = { '/': nothing };
  const stopping = new AbortController();
  const going = attempt({}, `${server.url}/`, stopping.signal);
  await expect.poll(() => times.get('/')).toBe(1);
  stopping.abort();
  expect((await going).seen.answer).toBe('unknown');
});

test('data that is refused ends the wait, long before the time is up', async () => {
  answers = { '/': html(app()), '/data': status(429, { 'retry-after': '20' }) };
  const { error, seen, tookMs, generation } = await attempt({});
  expect(error?.message).toMatch(/\/data refuses us: answered 429 to the page$/);
  expect(error?.code).toBe('PAGE_BLOCKED');
  const { afterMs } = waitOf(error);
  expect(afterMs).toBeGreaterThan(5_000);
  expect(afterMs).toBeLessThanOrEqual(18_000); // two of the twenty seconds are over
  expect(seen.answer).toBe('refused');
  expect(tookMs).toBeLessThan(20_000);
  expect(generation).toBe(0);
});

test('a page that asks again by itself and is served completes; that it was refused is told', async () => {
  answers = {
    '/': html(app(true)),
    '/data': (response) =>
      times.get('/data') === 1 ? status(429, { 'retry-after': '1' })(response) : void response.end('tea'),
  };
  const { outcome, seen } = await attempt({});
  expect(outcome).toMatchObject({ ok: true, rendered: { rows: [{ row: { title: 'tea' } }] } });
  expect(seen.answer).toBe('refused');
});

test('refused data that the row can do without is told; a row that lacks it is not taken', async () => {
  answers = { '/': html(`<h1>tea</h1>${app()}`), '/data': status(503) };
  const ready = async (page: { waitForTimeout(ms: number): Promise<void> }): Promise<boolean> => {
    const asked = (times.get('/data') ?? 0) > 0;
    await page.waitForTimeout(300);
    return asked; // and the answer has come
  };
  const whole = await attempt({ ready });
  expect([whole.outcome.ok, whole.seen.answer]).toEqual([true, 'refused']);
  const lacking = await attempt({
    ready,
    schema: z.object({ title: z.string().min(9) }),
  });
  expect([lacking.error?.code, lacking.seen.answer]).toEqual(['PAGE_BLOCKED', 'refused']);
});

test('data that is refused while the page is read makes it incomplete', async () => {
  answers = { '/': html('<h1>tea</h1>'), '/more': status(429) };
  const { error } = await attempt({
    fields: undefined,
    extract: async ({ page }: ExtractContext) => {
      await page.evaluate(() => fetch('/more'));
      return { title: 'tea' };
    },
  });
  expect(error?.message).toMatch(/\/more refuses us: answered 429/);
});

/** What 200 came with, and what it is. */
const SHELLS: [string, string, string][] = [
  ['nothing at all', '', 'PAGE_BLOCKED'],
  [
    'an empty root, a script and a tracking pixel',
    '<div id=root></div><img width=1 height=1 src=/pixel><script>1</script>',
    'PAGE_BLOCKED',
  ],
  ['a word', '<div>Loading</div>', 'NOT_READY'],
  ['a picture', '<svg width=100 height=100></svg>', 'NOT_READY'],
  ['a script that does not come', '<div id=root></div><script src="/gone.js"></script>', 'NOT_READY'],
  ['data that does not come', `<script>fetch('/never')</script>`, 'NOT_READY'],
  ['data that came', `<script>fetch('/data')</script>`, 'NOT_READY'],
  ['data that is forbidden', `<script>fetch('/forbidden')</script>`, 'PAGE_BLOCKED'],
];
test('200 with nothing to see is a refusal, and with anything else it is not', async () => {
  answers = { '/never': nothing, '/data': status(200), '/forbidden': status(403) };
  for (const [at, [, text]] of SHELLS.entries()) answers[`/shell/${at}`] = html(text);
  const attempts = SHELLS.map((_, at) => attempt({ timeoutMs: 2_000 }, `${server.url}/shell/${at}`));
  for (const [at, { error, seen, generation }] of (await Promise.all(attempts)).entries()) {
    const [what = '', , code] = SHELLS[at] ?? [];
    expect(error?.code, what).toBe(code);
    if (code === 'NOT_READY') continue;
    expect(error?.message, what).toMatch(/refuses us: answered 200 with an empty page$/);
    expect([seen.answer, generation], what).toEqual(['blocked', 1]);
  }
});

test('a session is rotated once however many pages were blocked, and not again within 30 s', async () => {
  let nowMs = 0;
  const target = { name: 'seen' } as ReturnType<typeof resolveTarget>;
  const leaseSpec = () => ({ identity: 'seen', context: {}, block: false as const });
  const sessions = createSessions({
    target,
    pool: lab.pool,
    leaseSpec,
    proxies: undefined,
    now: () => nowMs,
  });
  const session = () => sessions.current(log, server.url);
  const first = await session();
  sessions.rotate(first);
  sessions.rotate(first);
  const second = await session();
  expect(second.generation).toBe(1);
  nowMs = 29_000;
  sessions.rotate(second);
  expect((await session()).generation).toBe(1);
  nowMs = 30_000;
  sessions.rotate(second);
  expect((await session()).generation).toBe(2);
});
