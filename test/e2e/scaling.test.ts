/** `/api/scaling` over a real Redis, in which the test plays the farm: no browser is started. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBatchBoard } from '../../src/queue/batch-board.js';
import { findRedis } from '../../src/queue/find-redis.mjs';
import { openBatchQueue, openPageQueue } from '../../src/queue/queues.js';
import { openRedis, type RedisHandle } from '../../src/queue/redis.js';
import { createTargetBoard } from '../../src/queue/target-board.js';
import { createWorkerBoard } from '../../src/queue/worker-board.js';
import { applyChanges } from '../../src/schedule/schedules.js';
import type { BatchSnapshot } from '../../src/telemetry/snapshot.js';
import { type Lab, openLab } from '../support/lab.js';

const TOKEN = '0123456789abcdef0123456789abcdef';
const BATCH = 'shop-20260301-0a1b2c';
let lab: Lab;
let own: ChildProcess;
let redis: RedisHandle;
let url: string;

beforeAll(async () => {
  lab = await openLab({ THRESH_TOKEN: TOKEN });
  const socket = path.join(lab.dir, 'r.sock');
  const args = ['--port', '0', '--unixsocket', socket, '--dir', lab.dir, '--save', ''];
  own = spawn(findRedis()?.path ?? 'redis-server', args, { stdio: 'ignore' });
  const redisUrl = `unix://${socket}`;
  redis = await openRedis({ home: lab.home, redisUrl });
  const server = lab.start(['serve', '--port', '0'], { REDIS_URL: redisUrl });
  await server.says(/serving http/);
  url = /serving (http:\S+)/.exec(server.said())?.[1] ?? '';
});

afterAll(async () => {
  await redis?.close();
  own?.kill('SIGKILL');
  await lab?.close();
});

async function ask(query = '', token = TOKEN) {
  const response = await fetch(`${url}/api/scaling${query}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(5_000),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

const snapshot = (more: Partial<BatchSnapshot>): string =>
  JSON.stringify({
    ...{ batch: BATCH, target: 'shop', date: '2026-03-01', state: 'fetching', since: '2026-03-01T02:00:00Z' },
    pages: { frontier: 9_000, completed: 0, gone: 0, skipped: 0, dead: 0, unfinished: 9_000 },
    ...{ rows: 0, quarantined: 0, retries: 0, inFlight: 0, limit: 40, pagesPerSecond: 0 },
    ...more,
  });

test('the number of workers follows a batch from its order to its end', async () => {
  expect((await ask()).json).toEqual({ workers: 0, targets: [] });

  const batches = openBatchQueue(redis);
  await batches.add('batch', { batch: BATCH }, { jobId: BATCH });
  expect((await ask()).json).toMatchObject({
    workers: 1,
    targets: [{ target: 'shop', need: 1, pagesAtOnce: 0, why: 'carried' }],
  });

  const board = createBatchBoard(redis.client, BATCH);
  await board.open('shop');
  const decision = JSON.stringify({ limit: 40, bearable: 40, why: 'finding' });
  await createTargetBoard(redis.client, 'shop').setDecision({
    json: decision,
    circuit: 'closed',
    retryGapMs: 100,
  });
  await board.setSnapshot(snapshot({}));
  const queue = openPageQueue(redis, 'shop');
  await queue.addBulk([1, 2, 3].map((n) => ({ name: 'page', data: {}, opts: { jobId: `${BATCH}.${n}` } })));
  expect((await ask()).json).toEqual({
    workers: 7,
    targets: [
      {
        ...{ target: 'shop', waiting: 3, active: 0, pagesAtOnce: 40 },
        ...{ slotsAWorker: 6, need: 7, why: 'target' },
      },
    ],
  });

  // 9,000 pages of 2 s in an hour take 5 in flight, with the slack 6.25.
  const endsAtMs = Date.now() + 3_600_000;
  await board.setSnapshot(snapshot({ outlook: { attempts: 9_000, pageMs: 2_000, endsAtMs } }));
  expect((await ask()).json).toMatchObject({ workers: 2, targets: [{ pagesAtOnce: 7, why: 'window' }] });

  await createWorkerBoard(redis.client).tell({
    ...{ worker: 'w1', concurrency: 16, slots: 3, inFlight: 3 },
    ...{ targets: { shop: { slots: 3, inFlight: 3 } }, memoryMb: 700, cpuSeconds: 1 },
  });
  expect((await ask()).json).toMatchObject({ workers: 3, targets: [{ slotsAWorker: 3 }] });

  await board.setSnapshot(snapshot({ state: 'aggregating' }));
  expect((await ask()).json).toMatchObject({ workers: 1, targets: [{ why: 'carried' }] });

  await board.close();
  await batches.obliterate({ force: true });
  expect((await ask()).json).toEqual({ workers: 0, targets: [] });
  expect((await ask('?target=shop')).json).toMatchObject({
    workers: 0,
    targets: [{ target: 'shop', waiting: 3, need: 0, why: 'idle' }],
  });
  await Promise.all([batches.close(), queue.close()]);
});

test('it is asked with the token, and for a target by its name', async () => {
  expect((await ask('', 'another-token-0123456789')).status).toBe(401);
  expect((await ask('?target=../x')).status).toBe(400);
  expect((await ask('?target=other')).json).toMatchObject({ workers: 0, targets: [{ target: 'other' }] });
});

test('a night that is due wants a worker before anybody has begun it', async () => {
  const schedule = { cron: '* * * * *', tz: 'UTC', overlap: 'skip', missed: 'run' } as const;
  const to = { target: 'nightly', file: '/none/nightly.ts', schedule };
  await applyChanges([{ kind: 'add', target: 'nightly', to }], redis);
  await expect
    .poll(async () => (await ask()).json)
    .toMatchObject({ workers: 1, targets: [{ target: 'nightly', need: 1, why: 'night' }] });
});

test('without Redis it says so at once: whoever asks keeps the number that there is', async () => {
  const gone = once(own, 'exit');
  own.kill('SIGKILL');
  await gone;
  // What was asked before the server knew hangs until Redis is back.
  const status = () =>
    ask().then(
      (answer) => answer.status,
      () => 0,
    );
  await expect.poll(status).toBe(503);
  expect((await ask()).json).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
});
