/** What is asked of a batch, and what its pages count, in a real Redis. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Queue } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBatchBoard } from '../../../src/queue/batch-board.js';
import { createFetchLook } from '../../../src/queue/fetch-look.js';
import { createPageLedger } from '../../../src/queue/page-ledger.js';
import { openPageQueue } from '../../../src/queue/queues.js';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';

let home: string;
let redis: RedisHandle;
let queue: Queue;

beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  redis = await openRedis({ home, redisUrl: undefined });
  queue = openPageQueue(redis, 'a');
});

afterAll(async () => {
  await queue?.close();
  await redis?.close();
  await rm(home, { recursive: true, force: true });
});

/** A batch's rooms in Redis, as its runner opens them; its ledger is begun. */
async function open(batch: string) {
  const ledger = createPageLedger(redis.client, batch);
  const look = createFetchLook(redis.client, batch, { queue, ledger });
  await ledger.clear();
  return { board: createBatchBoard(redis.client, batch), ledger, look };
}

test("the farm's own pause is told with its reason, and goes with what a person asks next", async () => {
  const { board, look } = await open('a-20260301-aaaaaa');
  expect(await look()).toMatchObject({ control: 'run', pausedFor: undefined });
  await board.pauseFor('the site seems to have changed');
  expect(await look()).toMatchObject({ control: 'pause', pausedFor: 'the site seems to have changed' });
  await board.setControl('run');
  expect(await look()).toMatchObject({ control: 'run', pausedFor: undefined });
});

test.each(['pause', 'cancel'] as const)("it does not overrule a person's %s", async (asked) => {
  const { board, ledger, look } = await open(`b-${asked}`);
  await board.setControl(asked);
  await board.pauseFor('the site seems to have changed');
  expect(await look()).toMatchObject({ control: asked, pausedFor: undefined });
  expect(await ledger.standing(0)).toEqual({ control: asked, isSettled: false });
});

test('a page counts as empty when it gave no row and led nowhere, once', async () => {
  const { ledger } = await open('c-20260301-aaaaaa');
  const page = { outcome: 'completed', rows: 0, quarantined: 0 } as const;
  for (let again = 0; again < 2; again += 1) {
    await ledger.settle({ ...page, page: 0 });
    await ledger.settle({ ...page, page: 1, rows: 1 });
    await ledger.settle({ ...page, page: 2, quarantined: 1 });
    await ledger.settle({ ...page, page: 3, followed: '[{"url":"http://127.0.0.1/next"}]' });
    await ledger.settle({ ...page, page: 4, outcome: 'gone' });
  }
  expect(await ledger.counts()).toMatchObject({ completed: 4, gone: 1, rows: 1, quarantined: 1, empty: 1 });
  await ledger.clear();
  expect(await ledger.counts()).toMatchObject({ completed: 0, empty: 0 });
});

test('how pages were read is counted with them, each once', async () => {
  const { ledger, look } = await open('f-20260301-aaaaaa');
  const page = { outcome: 'completed', rows: 1, quarantined: 0 } as const;
  const ways = ['learning', 'soft', 'soft', 'not-learned', undefined] as const;
  for (let again = 0; again < 2; again += 1)
    await Promise.all(ways.map((readBy, n) => ledger.settle({ ...page, page: n, readBy })));
  const counts = { completed: 5, readBy: { learning: 1, soft: 2, 'not-learned': 1 } };
  expect(await ledger.counts()).toMatchObject(counts);
  expect((await look()).counts).toMatchObject(counts);
  await ledger.clear();
  expect((await ledger.counts()).readBy).toEqual({});
});

test('one look shows how far the pages are settled, what they followed, what is queued and who waits', async () => {
  const { board, ledger, look } = await open('d-20260301-aaaaaa');
  const page = { outcome: 'completed', rows: 1, quarantined: 0 } as const;
  expect(await look()).toMatchObject({ settledTo: 0, hasFollowed: false, waitsFor: undefined });
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11].map((n) => ledger.settle({ ...page, page: n })));
  expect(await look()).toMatchObject({
    settledTo: 10,
    hasFollowed: false,
    counts: { completed: 11, rows: 11 },
  });
  expect(await look(9)).toMatchObject({ settledTo: 10 });
  await ledger.settle({ ...page, page: 10, followed: '[{"url":"http://127.0.0.1/next"}]' });
  expect(await look(10)).toMatchObject({ settledTo: 12, hasFollowed: true });
  expect(await look(40)).toMatchObject({ settledTo: 40 });
  expect(await Promise.all([11, 12].map((n) => ledger.standing(n)))).toEqual([
    { control: 'run', isSettled: true },
    { control: 'run', isSettled: false },
  ]);

  await queue.addBulk([
    { name: 'page', data: {} },
    { name: 'page', data: {} },
  ]);
  await queue.add('page', {}, { delay: 60_000 });
  await queue.add('page', {}, { priority: 3 });
  await board.noteWait('somebody', 'the disk is full');
  expect(await look()).toMatchObject({
    queued: { waiting: 2, active: 0, delayed: 1, prioritized: 1 },
    waitsFor: 'the disk is full',
  });
});

test('what was counted by another, or lost, is not taken for its own', async () => {
  const { ledger, look } = await open('e-20260301-aaaaaa');
  await createPageLedger(redis.client, 'e-20260301-aaaaaa').clear();
  await expect(look()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE', retry: 'later' });
  await ledger.clear();
  await look();
  await redis.client.flushall();
  await expect(look()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
});
