/** A page whose data stand in its own document, fetched without a browser: one request, and what its answer may be. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { MAX_ANSWER_LENGTH } from '../../../src/data-lane/captured.js';
import { learn } from '../../../src/data-lane/learn.js';
import { shapeOf } from '../../../src/data-lane/shape.js';
import type { PageTemplate } from '../../../src/data-lane/template.js';
import { type Fetched, fetchPage } from '../../../src/page/fetch/fetch-page.js';
import { createIdentities, DOCUMENT } from '../../../src/page/fetch/identity.js';
import { createWire, type Wire } from '../../../src/page/fetch/wire.js';
import type { RenderDeps } from '../../../src/page/render.js';
import { resolveTarget } from '../../../src/target/defaults.js';
import type { ExtractContext, TargetDefinition } from '../../../src/target/definition.js';
import { type SmallServer, startSmallServer } from '../../support/small-server.js';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const session = { generation: 0, storageState: undefined, proxy: undefined };
const nothing = (): void => undefined;
let server: SmallServer;
let wire: Wire;
let answers: Record<string, Answer>;
let headers: IncomingMessage['headers'][];

beforeAll(async () => {
  server = await startSmallServer((request, response) => {
    headers.push(request.headers);
    const answer = answers[new URL(request.url ?? '/', 'http://s').pathname];
    if (answer === undefined) response.writeHead(404).end();
    else answer(response, request);
  });
  wire = createWire();
});

beforeEach(() => {
  answers = {};
  headers = [];
  server.asked.length = 0;
});

afterAll(async () => {
  await wire?.close();
  await server?.stop();
});

const html =
  (text: string, more: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...more }).end(text);
const next = (value: unknown): string => `<script id="__NEXT_DATA__">${JSON.stringify(value)}</script>`;
const own = (value: unknown): string =>
  `<script data-own type="application/json">${JSON.stringify(value)}</script>`;
const NEXT_AND_OWN = { next: { embedded: '__NEXT_DATA__' }, own: { embedded: 'script[data-own]' } };

interface Case {
  path?: string;
  data?: object;
  template?: PageTemplate;
  /** Of documents that were rendered, by name. */
  seen?: Record<string, unknown>;
  mayAsk?: (url: string) => boolean;
  more?: object;
}

async function fetched({
  path = '/p/1#top',
  data = NEXT_AND_OWN,
  template = [],
  seen = {},
  mayAsk = () => true,
  more = {},
}: Case = {}): Promise<Fetched> {
  const extract = ({ data: row }: ExtractContext): unknown => row;
  const target = { name: 'own', schema: z.object({}).loose(), key: [], discover: [], timeoutMs: 20_000 };
  const definition = resolveTarget(
    { ...target, extract, data, lane: 'auto', ...more } as unknown as TargetDefinition,
    '/targets/own.ts',
  );
  const deps = {
    target: { definition },
    encode: (row: unknown) => row,
    sessions: { served: nothing, failed: async (_: unknown, { error }: { error: unknown }) => error },
  } as unknown as RenderDeps;
  const identities = createIdentities();
  identities.learn(session, {
    url: `${server.url}/p/0`,
    cookies: [],
    answers: [
      {
        name: DOCUMENT,
        request: { headers: { 'user-agent': 'Browser/1', accept: 'text/html', 'accept-encoding': 'zstd' } },
      },
      { name: 'more', request: { headers: { 'user-agent': 'Browser/1', accept: '*/*', cookie: 'x' } } },
    ],
  });
  const identity = identities.of(session);
  if (identity === undefined) throw new Error('nobody');
  return fetchPage(
    {
      page: 1,
      request: { url: `${server.url}${path}`, label: undefined, data: undefined, attempt: 1 },
      log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
      signal: new AbortController().signal,
      keepFailure: () => undefined,
    },
    deps,
    {
      template,
      shapes: new Map(Object.entries(seen).map(([name, value]) => [name, shapeOf(value)])),
      ...{ session, identity, wire },
      mayAsk: async (url) => mayAsk(url),
    },
  );
}

const rowOf = (outcome: Fetched): unknown =>
  outcome.kind === 'read' ? outcome.rendered.rows[0]?.row : outcome;

describe('a document', () => {
  test('is asked for once, as rendered pages of the session asked for theirs, however much stands in it', async () => {
    answers['/p/1'] = html(next({ n: 1 }) + own({ stock: 2 }), { 'set-cookie': 'seen=yes' });
    const outcome = await fetched();
    expect(rowOf(outcome)).toEqual({ next: { n: 1 }, own: { stock: 2 } });
    expect(server.asked).toEqual(['/p/1']);
    expect(headers[0]).toMatchObject({
      'user-agent': 'Browser/1',
      accept: 'text/html',
      'accept-encoding': 'gzip, deflate, br',
    });
    if (outcome.kind !== 'read') throw new Error(outcome.kind);
    const { seen, rendered } = outcome;
    expect(seen).toMatchObject({ answer: 'served', dataMs: [], documentMs: expect.any(Number) });
    const request = { method: 'GET', url: `${server.url}/p/1#top`, headers: {}, body: undefined };
    expect(rendered.captured?.answers.map(({ name, text }) => [name, text])).toEqual([
      ['next', '{"n":1}'],
      ['own', '{"stock":2}'],
    ]);
    expect(rendered.captured?.answers[0]?.request).toEqual(request);
    expect(rendered.document).toBeUndefined();
  });

  test('is known again by the next night where that asks for it', async () => {
    answers['/p/1'] = html(next({}) + own({}), { etag: '"1"' });
    const outcome = await fetched({ more: { incremental: { by: ['document'] } } });
    expect(outcome).toMatchObject({ kind: 'read', rendered: { document: { validator: { etag: '"1"' } } } });
  });

  test('is read as it says that it is written', async () => {
    answers['/p/1'] = (response) =>
      void response
        .writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.from(`<meta charset="iso-8859-1">${next({ name: 'caf\xe9' })}`, 'latin1')));
    expect(rowOf(await fetched({ data: { next: NEXT_AND_OWN.next } }))).toEqual({ next: { name: 'café' } });
    answers['/p/1'] = html(next({ name: 'café' }), { 'content-type': 'text/html' });
    expect(await fetched()).toEqual({
      kind: 'doubt',
      of: 'page',
      why: 'a document that does not say how it is encoded',
    });
  });

  test('is followed within its origin, with the cookies that were set on the way, and to no other', async () => {
    answers['/p/1'] = (response, request) =>
      void (request.headers.cookie === 'wall=past'
        ? response.writeHead(301, { location: '/p/1/' }).end()
        : response.writeHead(302, { location: '/p/1', 'set-cookie': 'wall=past; Path=/' }).end());
    answers['/p/1/'] = html(next({ n: 1 }) + own({}));
    expect(rowOf(await fetched())).toEqual({ next: { n: 1 }, own: {} });
    expect(server.asked).toEqual(['/p/1', '/p/1', '/p/1/']);
    const disallowed = await fetched({ mayAsk: (url) => !url.endsWith('/p/1/') });
    expect(disallowed).toEqual({ kind: 'doubt', of: 'page', why: `robots.txt disallows ${server.url}/p/1/` });
    answers['/p/1'] = (response) => void response.writeHead(302, { location: 'http://login.example/' }).end();
    expect(await fetched()).toEqual({
      kind: 'doubt',
      of: 'page',
      why: 'the document redirects to another host',
    });
  });

  const doubts: [what: string, answer: Answer, why: RegExp, more?: Case][] = [
    [
      'lacks what is made in the browser',
      html(`${next({})}<script>make()</script>`),
      /^own does not stand in the page's document as it is sent$/,
    ],
    ['is a challenge', html('<form id="challenge-form"></form>'), /^next does not stand/],
    [
      'is gone',
      (response) => void response.writeHead(410).end(next({}) + own({})),
      /^the document was answered 410$/,
    ],
    ['has no content', (response) => void response.writeHead(204).end(), /^next does not stand/],
    [
      'is of another shape',
      html(next({ n: '1' }) + own({})),
      /^another shape: next\.n is string, where it was number$/,
      { seen: { next: { n: 1 } } },
    ],
    [
      'is no HTML',
      html(next({}) + own({}), { 'content-type': 'application/xhtml+xml' }),
      /^the document is no HTML \(application\/xhtml\+xml\)$/,
    ],
    ['is too large', html(' '.repeat(MAX_ANSWER_LENGTH + 1)), /^an answer over \d+ bytes$/],
    [
      'is too large when it is unpacked',
      (response) =>
        void response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.alloc(MAX_ANSWER_LENGTH + 1))),
      /^an answer over \d+ bytes$/,
    ],
    [
      'lacks what others have, and could do without',
      html(next({})),
      /^another shape: own is null, where it was object$/,
      { data: { ...NEXT_AND_OWN, own: { ...NEXT_AND_OWN.own, optional: true } }, seen: { own: {} } },
    ],
    [
      'has nothing of what all need not be there',
      html('<p>'),
      /^nothing that `data` names stands in the document$/,
      { data: { own: { ...NEXT_AND_OWN.own, optional: true } } },
    ],
  ];
  test.each(doubts)('that %s has its page rendered', async (_, answer, why, more = {}) => {
    answers['/p/1'] = answer;
    expect(await fetched(more)).toMatchObject({ kind: 'doubt', why: expect.stringMatching(why) });
    expect(server.asked).toEqual(['/p/1']);
  });

  test('without what need not be there is read', async () => {
    answers['/p/1'] = html(next({ n: 1 }));
    const data = { ...NEXT_AND_OWN, own: { ...NEXT_AND_OWN.own, optional: true } };
    expect(rowOf(await fetched({ data, seen: { own: undefined } }))).toEqual({ next: { n: 1 } });
  });

  test.each([
    [401, 'expired'],
    [403, 'expired'],
    [429, 'failed'],
    [503, 'failed'],
    [500, 'failed'],
  ])('that is answered by %i makes its page %s', async (status, kind) => {
    answers['/p/1'] = (response) => void response.writeHead(status, { 'retry-after': '7' }).end('\xff');
    const outcome = await fetched();
    expect(outcome).toMatchObject({ kind });
    if (outcome.kind !== 'failed') return;
    const { error, seen } = outcome.outcome;
    if (status === 500) expect([error.code, seen.answer]).toEqual(['HTTP_STATUS', 'failed']);
    else {
      expect(error).toMatchObject({ code: 'PAGE_BLOCKED', retry: { afterMs: expect.any(Number) } });
      expect([seen.answer, seen.retryAfterMs]).toEqual(['refused', 7_000]);
    }
  });
});

describe('a document and answers', () => {
  const data = { next: NEXT_AND_OWN.next, more: /\/api\// };
  const slugs = ['ant', 'bee', 'cat', 'dog', 'eel'];
  const builtAs = (build: string) =>
    slugs.map((slug) => ({
      url: `${server.url}/p/${slug}`,
      session: 'one',
      embedded: { next: { build } },
      answers: [
        {
          ...{ name: 'more', status: 200, contentType: 'application/json', text: '{}' },
          request: { method: 'GET', url: `${server.url}/api/${build}/${slug}`, headers: {}, body: undefined },
        },
      ],
    }));

  function templateOf(): PageTemplate {
    const outcome = learn([...builtAs('b17aa'), ...builtAs('c99zz')]);
    if (outcome.kind !== 'template') throw new Error(outcome.why);
    return outcome.template;
  }

  test('are asked one after the other where one takes a value of the other', async () => {
    answers['/p/fox'] = html(next({ build: 'd00kk' }));
    answers['/api/d00kk/fox'] = (response) => void response.end('{"n":9}');
    const outcome = await fetched({ path: '/p/fox', data, template: templateOf() });
    expect(rowOf(outcome)).toEqual({ next: { build: 'd00kk' }, more: { n: 9 } });
    expect(server.asked).toEqual(['/p/fox', '/api/d00kk/fox']);
    expect(outcome).toMatchObject({ seen: { documentMs: expect.any(Number), dataMs: [expect.any(Number)] } });
  });

  test('an answer by robots.txt, the page as it was admitted', async () => {
    answers['/p/fox'] = html(next({ build: 'd00kk' }));
    const outcome = await fetched({ path: '/p/fox', data, template: templateOf(), mayAsk: () => false });
    expect(outcome).toEqual({
      kind: 'doubt',
      of: 'kind',
      why: `robots.txt disallows ${server.url}/api/d00kk/fox`,
    });
    expect(server.asked).toEqual(['/p/fox']);
  });
});
