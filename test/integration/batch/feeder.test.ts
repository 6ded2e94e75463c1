/** A frontier most of whose pages have their outcome, as whoever takes a big batch over finds it; on a real Redis. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOTHING_CARRIED } from '../../../src/batch/carrying.js';
import { createFeeder } from '../../../src/batch/feeder.js';
import { openFrontier } from '../../../src/discovery/frontier.js';
import { batchKeys } from '../../../src/queue/keys.js';
import { createPageLedger } from '../../../src/queue/page-ledger.js';
import { openPageQueue } from '../../../src/queue/queues.js';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';

const PAGES = 400_000;
const LEFT = 10;
const NOTHING_QUEUED = { waiting: 0, delayed: 0, prioritized: 0, active: 0 };

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

test('it reads on through settled pages, a look after the other, to those that are left', async () => {
  const batch = 'shop-20260301-aaaaaa';
  const frontier = await openFrontier(path.join(home, 'frontier.ndjson'));
  for (let n = 0; n < PAGES; n += 10_000)
    await frontier.append(Array.from({ length: 10_000 }, (_, at) => ({ url: `http://shop.test/${n + at}` })));
  const settled = Buffer.alloc(Math.ceil(PAGES / 8), 0xff);
  await redis.client.set(batchKeys(batch).settled, settled);
  for (let n = PAGES - LEFT; n < PAGES; n++) await redis.client.setbit(batchKeys(batch).settled, n, 0);
  const queue = openPageQueue(redis, 'shop');
  const feeder = createFeeder({
    ...{ batch, queue, frontier, attempts: 3, carrier: NOTHING_CARRIED },
    ledger: createPageLedger(redis.client, batch),
    skip: () => Promise.reject(new Error('none of them is skipped')),
  });
  try {
    // False would say that the frontier is at its end, and whoever feeds would begin again at its start.
    while ((await queue.getWaitingCount()) === 0) expect(await feeder.feed(NOTHING_QUEUED)).toBe(true);
    expect((await queue.getWaiting()).map(({ data }) => data.page).sort((a, b) => a - b)).toEqual(
      Array.from({ length: LEFT }, (_, at) => PAGES - LEFT + at),
    );
    expect(await feeder.feed({ ...NOTHING_QUEUED, waiting: LEFT })).toBe(false);
  } finally {
    await queue.close();
    await frontier.close();
  }
});
