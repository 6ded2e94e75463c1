/** Alerts on a real Redis to a real HTTP server: told once, tried again, kept over a process's end, and no secret is said. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AlertEvent, type Alerts, createAlerts } from '../../../src/alerts/alerts.js';
import { type Receiver, receiverOf, signatureOf } from '../../../src/alerts/receivers.js';
import { enterState } from '../../../src/batch/journal.js';
import { batchFiles, writeSpec } from '../../../src/batch/spec.js';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';
import { type SmallServer, startSmallServer } from '../../support/small-server.js';

interface Letter {
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown>;
  raw: string;
}

let dir: string;
let home: string;
let redis: RedisHandle;
let server: SmallServer;
let letters: Letter[] = [];
let answers: { status: number; body?: string }[] = [];
let events: AlertEvent[] = [];
let homes = 0;
const open: Alerts[] = [];

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-alerts-'));
  server = await startSmallServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const raw = Buffer.concat(parts).toString();
      letters.push({ headers: request.headers, body: JSON.parse(raw), raw });
      const { status, body = 'ok' } = answers.shift() ?? { status: 200 };
      response.writeHead(status, status === 302 ? { location: `${server.url}/elsewhere` } : {}).end(body);
    });
  });
});

beforeEach(async () => {
  home = path.join(dir, `home-${homes++}`);
  redis = await openRedis({ home, redisUrl: undefined });
  letters = [];
  answers = [];
  events = [];
});

afterEach(async () => {
  for (const alerts of open.splice(0)) await alerts.close(0);
  await redis.close();
});

afterAll(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

const SECRET_PATH = '/hook/very-secret?token=hidden';

async function start(...more: string[]): Promise<Alerts> {
  const receivers = [`${server.url}${SECRET_PATH}`, ...more].map((text) => receiverOf(text) as Receiver);
  const alerts = createAlerts({
    home,
    receivers,
    secret: 'key-of-the-house',
    onEvent: (event) => events.push(event),
  });
  open.push(alerts);
  await alerts.attach(redis);
  return alerts;
}

const until = (count: number) =>
  expect.poll(() => letters.length, { timeout: 30_000, interval: 50 }).toBeGreaterThanOrEqual(count);

/** A batch that ends so. */
async function endBatch(id: string, state: 'failed' | 'cancelled'): Promise<void> {
  const createdAt = new Date().toISOString();
  await writeSpec(home, {
    ...{
      id,
      target: 'shop',
      targetFile: '/t.ts',
      targetHash: 'x',
      date: '2026-03-01',
      createdAt,
      out: '/out',
    },
  });
  const { journal } = batchFiles(home, id);
  await enterState(journal, 'discovering');
  await enterState(journal, state, { reason: 'robots.txt answers 500' });
}

test('an end is told once, signed, whoever else tells of it again', async () => {
  const alerts = await start();
  await endBatch('shop-20260301-aaaaaa', 'failed');
  const entered = { kind: 'batch.entered', batch: 'shop-20260301-aaaaaa', state: 'failed' } as const;
  alerts.event(entered);
  alerts.event(entered);
  await (await start()).close(5_000);
  await alerts.close(5_000);
  expect(letters).toHaveLength(1);
  const [{ headers, body, raw } = {} as Letter] = letters;
  expect(body).toMatchObject({ kind: 'batch.failed', title: 'shop 2026-03-01: failed', severity: 'error' });
  expect(body.text).toContain('robots.txt answers 500');
  const timestamp = String(headers['x-thresh-timestamp']);
  expect(headers['x-thresh-signature']).toBe(`sha256=${signatureOf('key-of-the-house', timestamp, raw)}`);
  expect(headers['idempotency-key']).toBe(body.id);
});

test('an end that nobody told of since the process died is told by the next one', async () => {
  await endBatch('shop-20260301-bbbbbb', 'cancelled');
  await start();
  await until(1);
  expect(letters[0]?.body).toMatchObject({ kind: 'batch.cancelled', batch: 'shop-20260301-bbbbbb' });
});

test('a receiver that fails is tried again, and what it answers is said without its secrets', async () => {
  answers = [{ status: 503, body: 'busy, /hook/very-secret with hidden or key-of-the-house' }];
  const alerts = await start();
  alerts.event({ kind: 'target.down', batch: 'shop-20260301-cccccc', probedAgainInMs: 1_000 });
  await until(2);
  await alerts.close(5_000);
  expect(letters[0]?.body.id).toBe(letters[1]?.body.id);
  expect(events).toMatchObject([
    {
      kind: 'alert.missed',
      attempt: 1,
      again: true,
      reason: expect.stringContaining('it answered 503: busy'),
    },
    { kind: 'alert.sent', status: 200, answer: 'ok' },
  ]);
  expect(JSON.stringify(events)).not.toMatch(/very-secret|hidden|of-the-house/);
});

test('what is left at the end of a process is sent by the next one; the URL does not stand in Redis', async () => {
  answers = [{ status: 500 }];
  const alerts = await start();
  alerts.event({ kind: 'target.down', batch: 'shop-20260301-dddddd', probedAgainInMs: 1_000 });
  await until(1);
  await alerts.close(2_000);
  const keys = await redis.client.keys('*alerts*');
  const texts = await Promise.all(
    keys.map(async (key) =>
      (await redis.client.type(key)) === 'hash' ? JSON.stringify(await redis.client.hgetall(key)) : '',
    ),
  );
  expect(texts.join()).toContain('dddddd');
  expect(texts.join()).not.toContain('very-secret');
  await start();
  await until(2);
});

test('one that says no is not asked again, a redirect is not followed, and others are told all the same', async () => {
  answers = [{ status: 404 }, { status: 302 }];
  const alerts = await start(`${server.url}/second`, `${server.url}/third#sla`);
  alerts.event({ kind: 'target.down', batch: 'shop-20260301-eeeeee', probedAgainInMs: 1_000 });
  await until(2);
  await alerts.close(5_000);
  expect(events.map((event) => event.kind === 'alert.missed' && event.again)).toEqual([false, false]);
  expect(server.asked.filter((url) => url === '/elsewhere' || url === '/third')).toEqual([]);
});

test('pages given up are told when they are many, once', async () => {
  const alerts = await start();
  const pages = { frontier: 2_000, completed: 0, gone: 0, skipped: 0, dead: 19, unfinished: 0 };
  const snapshot = { batch: 'shop-20260301-ffffff', pages } as never;
  alerts.snapshot(snapshot);
  alerts.snapshot({ batch: 'shop-20260301-ffffff', pages: { ...pages, dead: 25 } } as never);
  alerts.snapshot({ batch: 'shop-20260301-ffffff', pages: { ...pages, dead: 30 } } as never);
  await until(1);
  await alerts.close(5_000);
  expect(letters.map(({ body }) => body.title)).toEqual([
    'shop 2026-03-01: 25 of 2000 pages are given up so far',
  ]);
});

test('nobody is named: nothing is queued', async () => {
  const alerts = createAlerts({ home, receivers: [], secret: undefined, onEvent: () => undefined });
  await alerts.attach(redis);
  alerts.event({ kind: 'target.down', batch: 'shop-20260301-gggggg', probedAgainInMs: 1_000 });
  await alerts.close(1_000);
  expect(await redis.client.keys('*alerts*')).toEqual([]);
});
