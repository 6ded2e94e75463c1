import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { findRedis } from '../../src/queue/find-redis.mjs';
import { waitForAnswer } from '../../src/queue/redis-keeper.js';
import { isLong, longTest } from '../support/long.js';
import { type FaultLab, hasRead, openFaultLab } from './fault-lab.js';

const PRODUCTS = isLong ? 30 : 16;
/** Longer than the locks of batches and pages, so that they lapse. */
const AWAY_MS = 11_000;
let faults: FaultLab;
let server: ChildProcess;
let socket: string;

/** A Redis of the operator's own, which nobody but the test starts again. */
async function startRedis(): Promise<void> {
  const dir = path.dirname(socket);
  await mkdir(dir, { recursive: true });
  const args = ['--port', '0', '--unixsocket', socket, '--dir', dir, '--appendonly', 'yes', '--save', ''];
  server = spawn(findRedis()?.path ?? 'redis-server', args, { stdio: 'ignore' });
  expect(await waitForAnswer(socket, 20_000)).toBe(true);
}

beforeAll(async () => {
  faults = await openFaultLab(PRODUCTS);
  socket = path.join(faults.lab.dir, 'own', 'r.sock');
  await startRedis();
});
beforeEach(() => faults.shop.clearLog());
afterAll(async () => {
  const gone = once(server, 'exit');
  server?.kill('SIGKILL');
  await gone;
  await faults?.close();
});

const pages = (products: number): Promise<void> =>
  expect.poll(() => faults.shop.log().pagesRendered, { interval: 20 }).toBeGreaterThanOrEqual(products);

async function flush(): Promise<void> {
  const client = new Redis(socket);
  await client.flushall();
  client.disconnect();
}

test('Redis away and emptied under one worker: it says so, waits and goes on, and only pages in flight are rendered again', async () => {
  const url = `unix://${socket}`;
  const batch = await faults.open(await faults.target('redis-lost'), url);
  const worker = faults.lab.start(['worker', '--concurrency', '2'], { REDIS_URL: url });

  // Killed, and away for longer than every lock.
  await hasRead(worker, 4);
  const gone = once(server, 'exit');
  server.kill('SIGKILL');
  await gone;
  await worker.says(/Redis is away/);
  await delay(AWAY_MS); // what is tested is time that passes
  expect(await faults.states(batch)).toEqual(['discovering', 'fetching']);
  const standing = faults.shop.log().pagesRendered;
  await startRedis();
  await worker.says(/Redis is back/);
  await pages(standing + 3);
  expect(worker.said().match(/Redis is away/g)?.length).toBe(1);
  expect(worker.said().match(/Redis is back/g)?.length).toBe(1);
  expect(faults.again()).toBeLessThanOrEqual(2);

  if (isLong) await standsStill(batch);

  // Emptied: put together again from the files.
  expect(worker.said()).not.toMatch(/"redis\.forgot"/);
  await flush();
  await worker.says(/"redis\.forgot"/);
  await faults.reaches(batch, 'delivered');
  await faults.expectTheTruth('redis-lost', isLong ? 6 : 4, 3);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});

/** Redis is there, and without an answer for longer than every lock. */
async function standsStill(batch: string): Promise<void> {
  server.kill('SIGSTOP');
  await delay(AWAY_MS); // what is tested is time that passes
  expect(await faults.states(batch)).toEqual(['discovering', 'fetching']);
  const frozen = faults.shop.log().pagesRendered;
  server.kill('SIGCONT');
  await pages(frozen + 6);
  expect(faults.again()).toBeLessThanOrEqual(4);
}

longTest('FLUSHALL under the command that opened the batch', async () => {
  const url = `unix://${socket}`;
  const target = await faults.target('flushed-run');
  const batch = await faults.open(target, url);
  const running = faults.lab.start(['run', target, '--date', '2026-03-01', '--concurrency', '2'], {
    REDIS_URL: url,
  });
  await hasRead(running, PRODUCTS / 3);
  await flush();
  await running.says(/"redis\.forgot"/);
  await faults.reaches(batch, 'delivered');
  await faults.expectTheTruth('flushed-run', 2);
  expect((await running.ended).code).toBe(0);
});
