/** What is asked of a batch, and what its pages count, in a real Redis. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBatchBoard } from '../../../src/queue/batch-board.js';
import { createPageLedger } from '../../../src/queue/page-ledger.js';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';

let home: string;
let redis: RedisHandle;

beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  redis = await openRedis({ home, redisUrl: undefined });
});

afterAll(async () => {
  await redis?.close();
  await rm(home, { recursive: true, force: true });
});

test("the farm's own pause is told with its reason, and goes with what a person asks next", async () => {
  const board = createBatchBoard(redis.client, 'a-20260301-aaaaaa');
  await board.pauseFor('the site seems to have changed');
  expect([await board.control(), await board.pausedFor()]).toEqual([
    'pause',
    'the site seems to have changed',
  ]);
  await board.setControl('run');
  expect([await board.control(), await board.pausedFor()]).toEqual(['run', undefined]);
});

test.each(['pause', 'cancel'] as const)("it does not overrule a person's %s", async (asked) => {
  const board = createBatchBoard(redis.client, `b-${asked}`);
  await board.setControl(asked);
  await board.pauseFor('the site seems to have changed');
  expect([await board.control(), await board.pausedFor()]).toEqual([asked, undefined]);
});

test('a page counts as empty when it gave no row and led nowhere, once', async () => {
  const ledger = createPageLedger(redis.client, 'c-20260301-aaaaaa');
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
