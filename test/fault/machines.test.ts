import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { findRedis } from '../../src/queue/find-redis.mjs';
import { waitForAnswer } from '../../src/queue/redis-keeper.js';
import type { Running } from '../support/lab.js';
import { longTest } from '../support/long.js';
import { DATE, type FaultLab, hasRead, openFaultLab } from './fault-lab.js';

const PRODUCTS = 12;
let faults: FaultLab;
let redis: ChildProcess;
let shared: Record<string, string>;

beforeAll(async () => {
  faults = await openFaultLab(PRODUCTS);
  const socket = path.join(faults.lab.dir, 'own', 'r.sock');
  const dir = path.dirname(socket);
  await mkdir(dir, { recursive: true });
  const args = ['--port', '0', '--unixsocket', socket, '--dir', dir, '--save', ''];
  redis = spawn(findRedis()?.path ?? 'redis-server', args, { stdio: 'ignore' });
  expect(await waitForAnswer(socket, 20_000)).toBe(true);
  shared = { REDIS_URL: `unix://${socket}`, THRESH_STORE: path.join(faults.lab.dir, 'store') };
});
beforeEach(() => faults.shop.clearLog());
afterAll(async () => {
  const gone = once(redis, 'exit');
  redis?.kill('SIGKILL');
  await gone;
  await faults?.close();
});

/** A machine's environment: its home is its own, and others see nothing of it. */
const machine = (name: string): Record<string, string> => ({
  ...shared,
  THRESH_HOME: path.join(faults.lab.dir, name),
});

/** Of all processes of the test in hand. */
let started: Running[] = [];
afterEach(async () => {
  for (const one of started) one.child.kill('SIGKILL');
  await Promise.all(started.map(({ ended }) => ended));
  started = [];
});

function start(name: string, args: readonly string[]): Running {
  const running = faults.lab.start([...args, '--concurrency', '2'], machine(name));
  started.push(running);
  return running;
}

const run = (target: string, name: string): Running => start(name, ['run', target, '--date', DATE, '--json']);

const work = (name: string): Running => start(name, ['worker', '--no-schedule']);

async function stop(worker: Running): Promise<void> {
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
}

const timesSaid = (running: Running, what: string): number => running.said().split(what).length - 1;

async function asked(name: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await faults.lab.thresh(args, machine(name));
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Resolves when a second machine has begun to run the batch. */
async function isTakenOver(target: string): Promise<void> {
  const log = path.join(faults.lab.dir, 'store', 'batches', await batchOf(target), 'log');
  const hasBegun = async (): Promise<boolean> =>
    (await readdir(log)).some((name) => /^000002\..*-000000\.from=/.test(name));
  await expect.poll(hasBegun, { timeout: 120_000, interval: 50 }).toBe(true);
}

async function batchOf(target: string): Promise<string> {
  const batches = await readdir(path.join(faults.lab.dir, 'store', 'batches'));
  return batches.find((batch) => batch.startsWith(`${target}-2`)) ?? '';
}

longTest(
  'a machine that is stopped hands its batch to another one, which has a home of its own',
  async () => {
    const runner = run(await faults.target('shared', { slow: 500 }), 'runner');
    await hasRead(runner, 2);
    const batch = await batchOf('shared');
    await asked('onlooker', ['pause', batch]);
    const helper = work('helper');
    await helper.says(/working for the farm/);
    await asked('onlooker', ['resume', batch]);
    runner.child.kill('SIGTERM');
    expect((await runner.ended).code).toBe(130);
    await helper.says(/batch\.delivered/);
    expect(timesSaid(helper, '"message":"read"')).toBeGreaterThan(1);
    await faults.expectTheTruth('shared', 0);
    const segments = await readdir(path.join(faults.lab.dir, 'helper', 'batches', batch, 'segments'));
    expect(new Set(segments.map((name) => name.replace(/-\d+\.ndjson$/, ''))).size).toBe(2); // of both
    expect(await asked('onlooker', ['failures', batch])).toContain('has no dead letters');
    expect(await asked('onlooker', ['quarantine', batch])).toContain('has no refused rows');
    const seen = JSON.parse(await asked('onlooker', ['status', '--json']));
    expect(seen).toMatchObject([{ batch, state: 'delivered', rows: PRODUCTS }]);
    await stop(helper);
  },
);

test('a machine that stands still: another one takes its batch over once it has the same code, and what the first was about to say does not count', async () => {
  const target = await faults.target('slow-machine', { slow: 300 });
  const code = await readFile(target, 'utf8');
  const slow = run(target, 'slow');
  await hasRead(slow, 2);
  slow.child.kill('SIGSTOP');
  const stoppedAt = Date.now();
  await writeFile(target, `${code}\n// deployed meanwhile\n`);
  const heir = work('quick');
  await heir.says(/"batch\.other-code"/);
  expect(timesSaid(heir, '"message":"read"')).toBe(0);
  await writeFile(target, code);
  await isTakenOver('slow-machine');
  expect(Date.now() - stoppedAt).toBeLessThan(60_000);
  slow.child.kill('SIGCONT');
  await heir.says(/batch\.delivered/);
  expect(timesSaid(heir, '"batch.other-code"')).toBe(1);
  const { code: exitCode, stderr } = await slow.ended;
  expect(exitCode, stderr).toBe(0); // it has watched the other one
  expect(timesSaid(slow, '"msg":"batch.delivered"')).toBe(0);
  expect(timesSaid(slow, '"state":"aggregating","msg":"batch.entered"')).toBe(0);
  await faults.expectTheTruth('slow-machine', 4);
  await stop(heir);
});

longTest(
  'a machine that vanishes with the batch loses nothing: another one takes it over within a minute',
  async () => {
    const runner = run(await faults.target('vanished', { slow: 300 }), 'gone');
    await hasRead(runner, PRODUCTS / 3);
    runner.child.kill('SIGKILL');
    const killedAt = Date.now();
    const heir = work('heir');
    await isTakenOver('vanished');
    expect(Date.now() - killedAt).toBeLessThan(60_000);
    await heir.says(/batch\.delivered/);
    await faults.expectTheTruth('vanished', 4);
    await stop(heir);
  },
);

longTest(
  'a worker whose target has other code leaves the batch alone, says so, and goes on with it when it has the same',
  async () => {
    const target = await faults.target('skewed', { slow: 300 });
    const code = await readFile(target, 'utf8');
    const runner = run(target, 'begun-here');
    await hasRead(runner, 2);
    runner.child.kill('SIGKILL');
    await writeFile(target, `${code}\n// deployed meanwhile\n`);
    const newer = work('newer');
    await newer.says(/"batch\.other-code"/);
    expect(timesSaid(newer, '"message":"read"')).toBe(0);
    await writeFile(target, code);
    await newer.says(/batch\.delivered/);
    expect(timesSaid(newer, '"batch.other-code"')).toBe(1);
    await faults.expectTheTruth('skewed', 2);
    await stop(newer);
  },
);
