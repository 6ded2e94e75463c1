import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunnerLock, takeRunnerLock } from '../../../src/batch/runner-lock.js';

let dir: string;
let file: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-lock-'));
  file = path.join(dir, 'runner.lock');
});
afterEach(() => rm(dir, { recursive: true }));

async function taken(): Promise<RunnerLock> {
  const lock = await takeRunnerLock(file);
  if ('pid' in lock) throw new Error(`held by ${lock.pid}`);
  return lock;
}

test('one runner at a time; given back, it is free; nothing is left beside it', async () => {
  const first = await taken();
  expect(await takeRunnerLock(file)).toMatchObject({ pid: process.pid });
  await first.release();
  await (await taken()).release();
  expect(await readdir(dir)).toEqual([]);
});

test('of many that ask at once for the lock of a dead runner, one gets it', async () => {
  const lock = await taken();
  const dead = { ...JSON.parse(await readFile(file, 'utf8')), started: 1 }; // the pid is another process's by now
  await writeFile(file, JSON.stringify(dead));
  const asked = await Promise.all(Array.from({ length: 20 }, () => takeRunnerLock(file)));
  const winners = asked.filter((one): one is RunnerLock => !('pid' in one));
  expect(winners.length).toBe(1);
  await lock.release(); // its file is another's now, and stays
  expect(await takeRunnerLock(file)).toMatchObject({ pid: process.pid });
  await winners[0]?.release();
  expect(await readdir(dir)).toEqual([]);
});

test('a runner elsewhere is alive as long as it touches its file', async () => {
  await writeFile(file, JSON.stringify({ place: 'another machine', pid: 1, started: 1 }));
  expect(await takeRunnerLock(file)).toMatchObject({ place: 'another machine' });
  const longAgo = new Date(Date.now() - 120_000);
  await utimes(file, longAgo, longAgo);
  await (await taken()).release();
});

test('a torn lock file holds nothing', async () => {
  await writeFile(file, '{"pla');
  await (await taken()).release();
});
