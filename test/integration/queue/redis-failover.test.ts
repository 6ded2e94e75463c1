import { Queue, Worker } from 'bullmq';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openRedis } from '../../../src/queue/redis.js';
import {
  createRedisServers,
  freePort,
  type RedisServer,
  type RedisServers,
} from '../../support/redis-servers.js';

const PASSWORD = 'known-to-all';
let servers: RedisServers;

beforeEach(async () => {
  servers = await createRedisServers();
});
afterEach(() => servers?.close());

async function startWatched(): Promise<{ master: RedisServer; replica: RedisServer; sentinels: number[] }> {
  const login = [`requirepass ${PASSWORD}`, `masterauth ${PASSWORD}`, 'repl-diskless-sync-delay 0'];
  const master = await servers.start(login);
  const replica = await servers.start([...login, `replicaof 127.0.0.1 ${master.port}`]);
  const sentinel = await servers.start(
    [
      `requirepass ${PASSWORD}`,
      `sentinel monitor night 127.0.0.1 ${master.port} 1`,
      `sentinel auth-pass night ${PASSWORD}`,
      'sentinel down-after-milliseconds night 1000',
      'sentinel failover-timeout night 5000',
    ],
    { sentinel: true },
  );
  return { master, replica, sentinels: [await freePort(), sentinel.port] };
}

test.each([
  ['dies', 'SIGKILL'],
  ['stands still and closes nothing', 'SIGSTOP'],
] as const)('a master that %s: its replica has its place, and work goes on there', async (_, signal) => {
  const { master, replica, sentinels } = await startWatched();
  const hosts = sentinels.map((port) => `127.0.0.1:${port}`).join(',');
  const links: boolean[] = [];
  const redis = await openRedis({
    home: servers.dir,
    redisUrl: `redis+sentinel://:${PASSWORD}@${hosts}/night?sentinelPassword=${PASSWORD}`,
    onLink: (up) => links.push(up),
  });
  const how = { connection: redis.connection, prefix: 'thresh' };
  const queue = new Queue('failover', how);
  const done: number[] = [];
  const worker = new Worker('failover', async (job) => done.push(job.data), how);
  queue.on('error', () => undefined);
  worker.on('error', () => undefined);
  try {
    await queue.add('page', 1);
    await vi.waitFor(() => expect(done).toEqual([1]), 10_000);
    await redis.client.set('thresh:kept', 'yes');
    expect(await redis.client.call('WAIT', 1, 10_000)).toBe(1);

    master.child.kill(signal);
    const [kept] = await Promise.all([redis.client.get('thresh:kept'), queue.add('page', 2)]);
    expect(kept).toBe('yes');
    await vi.waitFor(() => expect(done).toEqual([1, 2]), 30_000);
    expect(redis.client.stream.remotePort).toBe(replica.port);
    expect(links).toEqual([false, true]);
  } finally {
    await Promise.all([worker.close(), queue.close()]);
    await redis.close();
  }
});

test('a master that has become a replica is left for whoever has its place', async () => {
  const first = await servers.start();
  const redis = await openRedis({ home: servers.dir, redisUrl: `redis://127.0.0.1:${first.port}` });
  try {
    const other = await servers.start();
    await redis.client.call('REPLICAOF', '127.0.0.1', String(other.port));
    const written = redis.client.set('thresh:kept', 'yes');
    await vi.waitFor(() => expect(redis.client.status).not.toBe('ready'), { timeout: 5_000, interval: 1 });
    await redis.client.call('REPLICAOF', 'NO', 'ONE');
    expect(await written).toBe('OK');
  } finally {
    await redis.close();
  }
});
