/** What a farm's processes tell each other about a target, and its limits on the queue, in a real Redis with BullMQ. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'bullmq';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PREFIX, pageQueue, targetKeys } from '../../../src/queue/keys.js';
import { createLimitedQueue, pauseUntil, type QueueLimits } from '../../../src/queue/limited-queue.js';
import { openPageQueue } from '../../../src/queue/queues.js';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';
import { createTargetBoard } from '../../../src/queue/target-board.js';
import type { PageSample } from '../../../src/throttle/page-sample.js';

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

const sample = (page: number, answer: PageSample['answer'] = 'served'): PageSample => ({
  page,
  label: '',
  startedAtMs: 1_000 + page,
  endedAtMs: 2_000 + page,
  documentMs: 50,
  dataMs: [],
  answer,
});

test('every sample is taken once, in order, and the last one served is remembered', async () => {
  const board = createTargetBoard(redis.client, 'a');
  await Promise.all([board.report(sample(1)), board.report(sample(2, 'failed'))]);
  await board.report(sample(3));
  const told = { who: 'one', batch: 'a-1', need: undefined };
  expect((await board.beat(told)).samples).toEqual([sample(1), sample(2, 'failed'), sample(3)]);
  expect((await board.beat(told)).samples).toEqual([]);
  expect(await board.health()).toEqual({ circuit: 'closed', servedAtMs: 2_003 });
});

test('where the target is governed its samples stay, until another governs', async () => {
  const [here, there] = [createTargetBoard(redis.client, 'i'), createTargetBoard(redis.client, 'i')];
  const told = (who: string) => ({ who, batch: `i-${who}`, need: undefined });
  const inRedis = () => redis.client.llen(targetKeys('i').samples);
  await here.beat(told('one'));
  await Promise.all([here.report(sample(1)), there.report(sample(2)), here.report(sample(3))]);
  expect(await inRedis()).toBe(1);
  expect(await here.health()).toMatchObject({ servedAtMs: 2_003 });
  expect((await here.beat(told('one'))).samples.map(({ page }) => page)).toEqual([2, 1, 3]);
  expect(await there.health()).toMatchObject({ servedAtMs: 2_003 });

  await here.report(sample(4));
  await here.leave(told('one'));
  await here.report(sample(5));
  expect((await there.beat(told('two'))).samples.map(({ page }) => page)).toEqual([4, 5]);
  await here.report(sample(6));
  expect(await inRedis()).toBe(1);
});

test('whose throttle was taken over passes on what it still has', async () => {
  const [here, there] = [createTargetBoard(redis.client, 'j'), createTargetBoard(redis.client, 'j')];
  const told = (who: string) => ({ who, batch: `j-${who}`, need: undefined });
  await here.beat(told('one'));
  await here.report(sample(1));
  await redis.client.del(targetKeys('j').governor);
  expect(await there.beat(told('two'))).toMatchObject({ governs: true, samples: [] });
  expect(await here.beat(told('one'))).toMatchObject({ governs: false, samples: [] });
  expect((await there.beat(told('two'))).samples.map(({ page }) => page)).toEqual([1]);
});

test('one governs at a time; another when that one gives up', async () => {
  const board = createTargetBoard(redis.client, 'b');
  const told = (who: string) => ({ who, batch: `batch-${who}`, need: undefined });
  const governs = async (who: string) => (await board.beat(told(who))).governs;
  expect(await Promise.all([governs('one'), governs('two')])).toEqual([true, false]);
  expect(await governs('one')).toBe(true);
  await board.leave(told('two'));
  expect(await governs('two')).toBe(false);
  await board.leave(told('one'));
  expect(await governs('two')).toBe(true);
});

test('a hold on the throttle lasts for as long as it beats', async () => {
  const board = createTargetBoard(redis.client, 'g');
  const told = (who: string) => ({ who, batch: 'g-1', need: undefined });
  const { governor } = targetKeys('g');
  await board.beat(told('one'));
  await redis.client.pexpire(governor, 1_500);
  await board.beat(told('one'));
  expect(await redis.client.pttl(governor)).toBeGreaterThan(2_500);
  await redis.client.pexpire(governor, 1);
  await expect.poll(async () => (await board.beat(told('two'))).governs).toBe(true);
});

test('who governs hears what every batch needs, the others what was decided', async () => {
  const board = createTargetBoard(redis.client, 'h');
  await board.beat({ who: 'one', batch: 'h-1', need: '{"slots":1}' });
  await board.setDecision({ json: '{"limit":3}', circuit: 'closed', retryGapMs: 500 });
  expect(await board.beat({ who: 'two', batch: 'h-2', need: '{"slots":2}' })).toMatchObject({
    governs: false,
    samples: [],
    decision: '{"limit":3}',
  });
  const { needs } = await board.beat({ who: 'one', batch: 'h-1', need: undefined });
  expect([...needs]).toEqual([
    ['h-1', '{"slots":1}'],
    ['h-2', '{"slots":2}'],
  ]);
  await board.leave({ who: 'two', batch: 'h-2' });
  expect([...(await board.beat({ who: 'one', batch: 'h-1', need: undefined })).needs.keys()]).toEqual([
    'h-1',
  ]);
});

test('retries above a burst are spread over the budget, and none comes before its time', async () => {
  const board = createTargetBoard(redis.client, 'c');
  await board.setDecision({ json: '{}', circuit: 'closed', retryGapMs: 500 });
  const at = [];
  for (let retry = 0; retry < 14; retry += 1) at.push(await board.reserveRetry(10_000));
  expect(at).toEqual([...Array<number>(10).fill(10_000), 10_500, 11_000, 11_500, 12_000]);
  expect(await board.reserveRetry(60_000)).toBe(60_000);
});

/** Works a queue of long jobs under `limits`; `inFlight` as it is now. */
async function withQueue(
  target: string,
  limits: Partial<QueueLimits>,
  work: (at: {
    starts: number[];
    apply: (limits: Partial<QueueLimits>) => Promise<void>;
    queue: ReturnType<typeof openPageQueue>;
  }) => Promise<void>,
  jobMs = 60_000,
): Promise<void> {
  const queue = openPageQueue(redis, target);
  const limited = createLimitedQueue(queue);
  const apply = async (some: Partial<QueueLimits>): Promise<void> => {
    const { waiting = 0, active = 0 } = await queue.getJobCounts('waiting', 'active');
    const limits: QueueLimits = { limit: 4, perSecond: undefined, minGapMs: 0, pausedUntilMs: 0, ...some };
    await limited.apply(limits, { nowMs: Date.now(), queued: { waiting, active } });
  };
  await apply(limits);
  await queue.addBulk(Array.from({ length: 2_000 }, (_, n) => ({ name: 'page', data: { n } })));
  await queue.add('page', {}, { delay: 60_000 }); // a worker that finds it sleeps until then, ten seconds at most
  const starts: number[] = [];
  const ending = new AbortController();
  const worker = new Worker(
    pageQueue(target),
    async () => {
      starts.push(Date.now());
      await delay(jobMs, undefined, { signal: ending.signal }).catch(() => undefined);
    },
    { connection: redis.connection, prefix: PREFIX, concurrency: 8, drainDelay: 1 },
  );
  try {
    await work({ starts, apply, queue });
  } finally {
    ending.abort();
    await queue.pause();
    await worker.close(true);
    await queue.obliterate({ force: true, count: 5_000 });
    await queue.close();
  }
}

test('a limit that rises is felt at once, also by a worker that sleeps and whose pages take long', async () => {
  await withQueue('d', { limit: 1 }, async ({ starts, apply }) => {
    await expect.poll(() => starts.length).toBe(1);
    await delay(1_200); // it has found the queue full, and sleeps
    const raisedAtMs = Date.now();
    await apply({ limit: 4 });
    await expect.poll(() => starts.length, { timeout: 4_000 }).toBe(4);
    expect(Math.max(...starts) - raisedAtMs).toBeLessThan(4_000);
    await delay(300);
    expect(starts).toHaveLength(4);
  });
});

test('a pause holds the whole queue, a shorter one does not cut it short, and it ends by itself', async () => {
  await withQueue(
    'e',
    {},
    async ({ starts, apply, queue }) => {
      await expect.poll(() => starts.length).toBeGreaterThan(8);
      const untilMs = Date.now() + 1_500;
      await pauseUntil(queue, untilMs, Date.now());
      await pauseUntil(queue, Date.now() + 50, Date.now());
      const before = Date.now() + 100; // what was being taken out
      await delay(1_700);
      await apply({});
      expect(starts.filter((at) => at > before && at < untilMs - 20)).toEqual([]);
      const count = starts.length;
      await expect.poll(() => starts.length, { timeout: 4_000 }).toBeGreaterThan(count);
    },
    20,
  );
});

test('a rate is spread evenly, whatever the number in flight', async () => {
  await withQueue('f', { limit: 8, perSecond: 10 }, async ({ starts }) => {
    await expect.poll(() => starts.length, { timeout: 8_000 }).toBe(8);
    const gaps = starts.slice(1).map((at, before) => at - (starts[before] ?? 0));
    // Of half of them: one start that this process was late to note makes the gap before it long and that after it short.
    expect(gaps.filter((gap) => gap > 60).length).toBeGreaterThan(gaps.length / 2);
    expect((starts.at(-1) ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(650);
  });
});
