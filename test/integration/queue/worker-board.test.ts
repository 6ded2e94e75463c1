/** What processes tell of themselves, in a real Redis. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WORKERS } from '../../../src/queue/keys.js';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';
import { createWorkerBoard, type WorkerStanding } from '../../../src/queue/worker-board.js';

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

const standing = (worker: string, slots = 4): WorkerStanding => ({
  worker,
  concurrency: 4,
  slots,
  inFlight: 2,
  targets: { shop: { slots, inFlight: 2 } },
  memoryMb: 700,
  cpuSeconds: 12.5,
});

test('each is known with what it told last, until it leaves', async () => {
  const board = createWorkerBoard(redis.client);
  await board.tell(standing('a'));
  await board.tell({ ...standing('b'), reason: 'memory' });
  await board.tell(standing('a', 3));
  expect(await board.standing()).toEqual([standing('a', 3), { ...standing('b'), reason: 'memory' }]);
  await board.leave('a');
  expect((await board.standing()).map(({ worker }) => worker)).toEqual(['b']);
  await board.leave('b');
});

test('who was not heard of for ten seconds counts no more, and is forgotten after a minute', async () => {
  const board = createWorkerBoard(redis.client);
  const [seconds] = await redis.client.time();
  const told = (ago: number): string => `${Number(seconds) - ago} ${JSON.stringify(standing(`ago-${ago}`))}`;
  await redis.client.hset(WORKERS, { 'ago-1': told(1), 'ago-20': told(20), 'ago-90': told(90) });
  expect((await board.standing()).map(({ worker }) => worker)).toEqual(['ago-1']);
  expect((await redis.client.hkeys(WORKERS)).toSorted()).toEqual(['ago-1', 'ago-20']);
});
