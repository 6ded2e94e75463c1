import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { inspect } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';
import { aimAt } from '../../../src/queue/redis-options.js';
import { refusalByTls } from '../../../src/queue/tls-refusal.js';
import { createRedisServers, freePort, type RedisServers } from '../../support/redis-servers.js';

const PASSWORD = 'p%C3%A4ss%2Fw@rd';
const PLAIN_PASSWORD = decodeURIComponent(PASSWORD);

let servers: RedisServers;

beforeAll(async () => {
  servers = await createRedisServers();
});
afterAll(() => servers?.close());

/** A job comes through all of BullMQ's connections. */
async function carriesJobs(redisUrl: string): Promise<void> {
  const redis = await openRedis({ home: servers.dir, redisUrl });
  try {
    await carries(redis);
  } finally {
    await redis.close();
  }
}

async function carries({ client, connection }: RedisHandle): Promise<void> {
  const how = { connection, prefix: 'thresh' };
  const queue = new Queue('forms', how);
  const worker = new Worker('forms', async (job) => job.data, how);
  try {
    const done = new Promise((resolve) => worker.once('completed', (job) => resolve(job.data)));
    await queue.add('one', { is: 'carried' });
    expect(await done).toEqual({ is: 'carried' });
    expect(await client.get('thresh:nothing')).toBe(null);
  } finally {
    await Promise.all([worker.close(), queue.close()]);
  }
}

interface Refused {
  message: RegExp;
  mend: RegExp;
}

async function isRefused(redisUrl: string, { message, mend }: Refused): Promise<void> {
  const began = performance.now();
  const error = await openRedis({ home: servers.dir, redisUrl }).then(
    () => expect.unreachable('it was opened'),
    (failed: Error) => failed,
  );
  expect(error).toMatchObject({
    code: 'REDIS_UNAVAILABLE',
    message: expect.stringMatching(message),
    mend: expect.stringMatching(mend),
  });
  expect(performance.now() - began).toBeLessThan(9_000); // at once, and not when patience is at its end
  for (const secret of [PASSWORD, PLAIN_PASSWORD]) expect(inspect(error, { depth: 9 })).not.toContain(secret);
}

test('a password for all', async () => {
  const { port } = await servers.start([`requirepass ${PLAIN_PASSWORD}`]);
  await carriesJobs(`redis://:${PASSWORD}@127.0.0.1:${port}/3`);
  await isRefused(`redis://127.0.0.1:${port}`, { message: /wants a password$/, mend: /user:password@/ });
  await isRefused(`redis://:${PASSWORD}x@127.0.0.1:${port}`, {
    message: new RegExp(`^the Redis at 127\\.0\\.0\\.1:${port}/0 does not take this user and password$`),
    mend: /REDIS_URL/,
  });
  await isRefused(`redis://:${PASSWORD}@127.0.0.1:${port}/99`, {
    message: /has no database of that number/,
    mend: /another one/,
  });
});

test('a user with no more rights than the farm needs', async () => {
  const { port } = await servers.start([
    `user farm on >${PLAIN_PASSWORD} ~thresh:* +@all -@admin -@dangerous +info`,
    `user less on >${PLAIN_PASSWORD} ~thresh:* +@all -info`,
    'user default off',
  ]);
  await carriesJobs(`redis://farm:${PASSWORD}@127.0.0.1:${port}`);
  await isRefused(`redis://less:${PASSWORD}@127.0.0.1:${port}`, {
    message: /does not let this user do/,
    mend: /ACL SETUSER/,
  });
});

describe('TLS', () => {
  const pem = (name: string): string => path.join(servers.dir, `${name}.pem`);
  const tls = (): string[] => [
    `tls-cert-file ${pem('redis')}`,
    `tls-key-file ${pem('redis-key')}`,
    `tls-ca-cert-file ${pem('ca')}`,
  ];

  beforeAll(() => {
    const make = (name: string, subject: string, ...more: string[]): void => {
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      const out = ['-keyout', pem(`${name}-key`), '-out', pem(name), '-subj', `/CN=${subject}`];
      execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...out, ...more], { stdio: 'pipe' });
    };
    const signed = ['-CA', pem('ca'), '-CAkey', pem('ca-key')];
    make('ca', 'a private authority');
    make('redis', 'redis', ...signed, '-addext', 'subjectAltName=IP:127.0.0.1');
    make('client', 'client', ...signed);
  });

  test('a server with a certificate of a private authority', async () => {
    const { port } = await servers.start([...tls(), 'tls-auth-clients no', `requirepass ${PLAIN_PASSWORD}`], {
      tls: true,
    });
    await carriesJobs(`rediss://:${PASSWORD}@127.0.0.1:${port}/0?ca=${pem('ca')}`);
    await isRefused(`rediss://:${PASSWORD}@127.0.0.1:${port}`, {
      message: /shows a certificate that is not trusted: /,
      mend: /\?ca=/,
    });
    await isRefused(`rediss://:${PASSWORD}@localhost:${port}?ca=${pem('ca')}`, {
      message: /not trusted: Hostname\/IP does not match/,
      mend: /for this host/,
    });
  });

  test('a server that asks for a certificate of ours', async () => {
    const { port } = await servers.start(tls(), { tls: true });
    const ca = `rediss://127.0.0.1:${port}?ca=${pem('ca')}`;
    await carriesJobs(`${ca}&cert=${pem('client')}&key=${pem('client-key')}`);
    await isRefused(ca, { message: /asks for a certificate of ours/, mend: /cert=/ });
    // A link that sends nothing always hears it; one that talks may be reset before.
    const heard = await refusalByTls({ ...aimAt(ca).connection });
    expect(heard?.problem).toBe('asks for a certificate of ours');
    await expect(openRedis({ home: servers.dir, redisUrl: `${ca}.gone` })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/names as ca cannot be read: ENOENT/),
    });
  });

  test.concurrent('where the other end does not speak it, or nothing else', async ({ expect }) => {
    const without = await servers.start();
    const withIt = await servers.start([...tls(), 'tls-auth-clients no'], { tls: true });
    const [tried, missed] = await Promise.allSettled(
      [`rediss://127.0.0.1:${without.port}`, `redis://127.0.0.1:${withIt.port}`].map((redisUrl) =>
        openRedis({ home: servers.dir, redisUrl }),
      ),
    );
    expect(tried).toMatchObject({ reason: { mend: expect.stringMatching(/want redis:/) } });
    expect(missed).toMatchObject({ reason: { mend: expect.stringMatching(/want rediss:/) } });
  });

  test('Sentinels and a master with TLS', async () => {
    const master = await servers.start([...tls(), 'tls-auth-clients no'], { tls: true });
    const sentinel = await servers.start(
      [
        ...tls(),
        'tls-auth-clients no',
        'tls-replication yes',
        `sentinel monitor night 127.0.0.1 ${master.port} 1`,
      ],
      { tls: true, sentinel: true },
    );
    await carriesJobs(`rediss+sentinel://127.0.0.1:${sentinel.port}/night?ca=${pem('ca')}`);
  });
});

describe('a server that is there and cannot be used', () => {
  test('one of a cluster', async () => {
    const { port } = await servers.start(['cluster-enabled yes']);
    await isRefused(`redis://127.0.0.1:${port}`, {
      message: /is part of a Redis Cluster, which cannot be used/,
      mend: /no cluster/,
    });
  });

  test('a replica', async () => {
    const master = await servers.start();
    const replica = await servers.start([`replicaof 127.0.0.1 ${master.port}`]);
    await isRefused(`redis://127.0.0.1:${replica.port}`, {
      message: new RegExp(`is a replica of 127\\.0\\.0\\.1:${master.port}, which cannot be written`),
      mend: /redis\+sentinel:/,
    });
  });

  test('a Sentinel', async () => {
    const { port } = await servers.start(['sentinel monitor night 127.0.0.1 6399 1'], { sentinel: true });
    await isRefused(`redis://127.0.0.1:${port}`, { message: /is a Sentinel/, mend: /redis\+sentinel:/ });
  });

  test('one that throws away what does not fit', async () => {
    const evicts = await servers.start(['maxmemory 100mb', 'maxmemory-policy allkeys-lru']);
    await isRefused(`redis://127.0.0.1:${evicts.port}`, {
      message: /throws jobs away .*\(maxmemory-policy allkeys-lru\)/,
      mend: /noeviction/,
    });
    const keeps = await servers.start(['maxmemory 100mb', 'maxmemory-policy noeviction']);
    await carriesJobs(`redis://127.0.0.1:${keeps.port}`);
  });
});

describe('Sentinels that lead to no master', () => {
  const open = (redisUrl: string) => openRedis({ home: servers.dir, redisUrl });

  test.concurrent('nobody listens', async ({ expect }) => {
    const port = await freePort();
    await expect(open(`redis+sentinel://127.0.0.1:${port}/night`)).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringMatching(
        /^no Redis at night of 127\.0\.0\.1:\d+\/0: failed to connect to sentinel/,
      ),
    });
  });

  test.concurrent('they know no master of that name', async ({ expect }) => {
    const { port } = await servers.start(['sentinel monitor night 127.0.0.1 6399 1'], { sentinel: true });
    await expect(open(`redis+sentinel://127.0.0.1:${port}/day`)).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      message: expect.stringMatching(/is known to none of the Sentinels/),
      mend: expect.stringMatching(/sentinel monitor/),
    });
  });

  test.concurrent('they want a password of their own', async ({ expect }) => {
    const { port } = await servers.start(
      [`requirepass ${PLAIN_PASSWORD}`, 'sentinel monitor night 127.0.0.1 6399 1'],
      { sentinel: true },
    );
    const error = await open(`redis+sentinel://127.0.0.1:${port}/night?sentinelPassword=x${PASSWORD}`).catch(
      (failed: Error) => failed,
    );
    expect(error).toMatchObject({
      message: expect.stringMatching(/its Sentinels want a user and password of their own/),
      mend: expect.stringMatching(/sentinelPassword/),
    });
    expect(inspect(error, { depth: 9 })).not.toContain(PLAIN_PASSWORD);
  });
});
