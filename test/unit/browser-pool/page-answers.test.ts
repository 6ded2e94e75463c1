/** The order in which a browser tells of a request is its own: here each of them, which no browser does on demand. */
import { EventEmitter } from 'node:events';
import type { CDPSession } from 'playwright';
import { expect, test } from 'vitest';
import { watchAnswers } from '../../../browser-pool/page-answers.js';

const REFUSED = { status: 429, retryAfter: '3' };

const EVENTS = {
  asked: {
    requestId: '1',
    loaderId: 'document',
    frameId: 'main',
    documentURL: 'https://shop.example/p/1',
    request: { url: 'https://api.shop.example/data', method: 'GET' },
    type: 'Fetch',
  },
  headers: { requestId: '1', statusCode: 429, headers: { 'Retry-After': '3' } },
  failed: { requestId: '1', type: 'Fetch', corsErrorStatus: { corsError: 'MissingAllowOriginHeader' } },
};

const NAMES = {
  asked: 'Network.requestWillBeSent',
  headers: 'Network.responseReceivedExtraInfo',
  failed: 'Network.loadingFailed',
} as const;

async function refusalsOf(order: readonly (keyof typeof EVENTS)[]) {
  const session = Object.assign(new EventEmitter(), { send: async () => ({}) });
  const watch = await watchAnswers(session as unknown as CDPSession, 'main');
  const answers = watch.begin([]);
  for (const name of order) session.emit(NAMES[name], EVENTS[name]);
  return answers.refusals;
}

test.each([
  [['asked', 'headers', 'failed']],
  [['asked', 'failed', 'headers']],
  [['headers', 'asked', 'failed']],
] as const)('a refusal that CORS hides from the page is seen: %j', async (order) => {
  expect(await refusalsOf(order)).toMatchObject([REFUSED]);
});

test('what was told of an earlier lease counts for no later one', async () => {
  const session = Object.assign(new EventEmitter(), { send: async () => ({}) });
  const watch = await watchAnswers(session as unknown as CDPSession, 'main');
  watch.begin([]);
  session.emit(NAMES.headers, EVENTS.headers);
  const answers = watch.begin([]);
  session.emit(NAMES.asked, EVENTS.asked);
  session.emit(NAMES.failed, EVENTS.failed);
  expect(answers.refusals).toEqual([]);
});
