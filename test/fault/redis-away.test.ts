import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { findRedis } from '../../src/queue/find-redis.mjs';
import { waitForAnswer } from '../../src/queue/redis-keeper.js';
import { casesOf } from '../support/long.js';
import { type FaultLab, hasRead, openFaultLab } from './fault-lab.js';

const PRODUCTS = 18;
/** Longer than the locks of batches and pages, so that they lapse. */
const AWAY_MS = 13_000;
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

test('Redis killed and away for longer than every lock: the worker says so once, waits and goes on', async () => {
  const url = `unix://${socket}`;
  const batch = await faults.open(await faults.target('redis-killed'), url);
  const worker = faults.lab.start(['worker', '--concurrency', '2'], { REDIS_URL: url });
  await hasRead(worker, PRODUCTS / 3);
  const gone = once(server, 'exit');
  server.kill('SIGKILL');
  await gone;
  await worker.says(/Redis is away/);
  await delay(AWAY_MS); // what is tested is time that passes
  expect(await faults.states(batch)).toEqual(['discovering', 'fetching']);
  await startRedis();
  await worker.says(/Redis is back/);
  await faults.reaches(batch, 'delivered');
  expect(worker.said().match(/Redis is away/g)?.length).toBe(1);
  expect(worker.said().match(/Redis is back/g)?.length).toBe(1);
  await faults.expectTheTruth('redis-killed', 2);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});

test('Redis that stands still for longer than every lock', async () => {
  const url = `unix://${socket}`;
  const batch = await faults.open(await faults.target('redis-frozen'), url);
  const worker = faults.lab.start(['worker', '--concurrency', '2'], { REDIS_URL: url });
  await hasRead(worker, PRODUCTS / 3);
  server.kill('SIGSTOP');
  await delay(AWAY_MS); // what is tested is time that passes
  server.kill('SIGCONT');
  await faults.reaches(batch, 'delivered');
  await faults.expectTheTruth('redis-frozen', 2);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});

const FLUSHED: [string, string[] | undefined][] = [
  ['a worker', ['worker', '--concurrency', '2']],
  ['the command that opened it', undefined],
];
test.each(casesOf(FLUSHED, 1))(
  'FLUSHALL under %s: put together again from the files, only pages in flight are rendered again',
  async (_, args) => {
    const name = args === undefined ? 'flushed-run' : 'flushed-worker';
    const url = `unix://${socket}`;
    const target = await faults.target(name);
    const batch = await faults.open(target, url);
    const running = faults.lab.start(args ?? ['run', target, '--date', '2026-03-01', '--concurrency', '2'], {
      REDIS_URL: url,
    });
    await hasRead(running, PRODUCTS / 3);
    const client = new Redis(socket);
    await client.flushall();
    client.disconnect();
    await running.says(/"redis\.forgot"/);
    await faults.reaches(batch, 'delivered');
    await faults.expectTheTruth(name, 2);
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
  },
  120_000,
);
