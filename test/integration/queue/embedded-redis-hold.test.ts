/** Who holds the embedded server: a hold that was let go is not taken again behind its owner's back. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { joinEmbeddedRedis } from '../../../src/queue/embedded-redis.js';
import { findRedis } from '../../../src/queue/find-redis.mjs';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

function join() {
  const found = findRedis();
  if (found === undefined) throw new Error('no redis-server here');
  return joinEmbeddedRedis(home, found.path);
}

/** Processes of this home's server, once they have had time to end. */
async function running(): Promise<string> {
  for (let look = 0; ; look++) {
    const { stdout } = spawnSync('pgrep', ['-af', home], { encoding: 'utf8' });
    if (stdout === '' || look >= 100) return stdout;
    await delay(50);
  }
}

/** This process's open ends of the home's pipe. */
async function holds(): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((to) => to.startsWith(path.join(home, 'redis', 'users.fifo'))).length;
}

it('holds the server once, however often it is asked at once', async () => {
  const redis = await join();
  process.kill(Number(await readFile(path.join(home, 'redis', 'server.pid'), 'utf8')), 'SIGKILL');
  await Promise.all([redis.ensure(), redis.ensure(), redis.ensure()]);
  expect(await holds()).toBe(1);
  await redis.release();
  expect(await running()).toBe('');
});

it('does not start a server after it was released', async () => {
  const redis = await join();
  const asked = redis.ensure();
  await redis.release();
  await asked;
  await redis.ensure();
  expect(await holds()).toBe(0);
  expect(await running()).toBe('');
});
