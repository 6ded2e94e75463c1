import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openRedis } from '../../../src/queue/redis.js';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-redis-test-'));
});

afterAll(async () => {
  await vi.waitFor(
    () => expect(spawnSync('pgrep', ['-af', dir], { encoding: 'utf8' }).stdout).toBe(''),
    10_000,
  );
  await rm(dir, { recursive: true, force: true });
});

test.concurrent('a server that cannot start: REDIS_UNAVAILABLE with its own words', async ({ expect }) => {
  const home = path.join(dir, 'home');
  await mkdir(path.join(home, 'redis', 'appendonlydir'), { recursive: true });
  await writeFile(path.join(home, 'redis', 'appendonlydir', 'appendonly.aof.manifest'), 'not a manifest\n');
  await expect(openRedis({ home, redisUrl: undefined })).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    mend: expect.stringContaining('redis.log'),
  });
});

test.concurrent('REDIS_URL where nobody listens: REDIS_UNAVAILABLE in bounded time', async ({ expect }) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const startedAt = performance.now();
  await expect(
    openRedis({ home: dir, redisUrl: `redis://user:secret@127.0.0.1:${port}/3` }),
  ).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringMatching(
      new RegExp(`no Redis at 127\\.0\\.0\\.1:${port}/3: (?!.*secret).*ECONNREFUSED`),
    ),
  });
  expect(performance.now() - startedAt).toBeLessThan(15_000);
});

test.each(['http://127.0.0.1:6379', 'redis://127.0.0.1/x', 'nonsense'])(
  'REDIS_URL %s is refused before anything is tried',
  async (redisUrl) => {
    await expect(openRedis({ home: dir, redisUrl })).rejects.toMatchObject({ code: 'USAGE' });
  },
);
