import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openRedis, type RedisHandle } from '../../../src/queue/redis.js';
import { casesOf, isLong } from '../../support/long.js';

const child = path.join(import.meta.dirname, 'redis-user-child.mjs');
let dir: string;
let children: ChildProcess[];
let handles: RedisHandle[];

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-redis-test-'));
  children = [];
  handles = [];
});

afterEach(async () => {
  for (const one of children) one.kill('SIGKILL');
  await Promise.all(handles.map((handle) => handle.close()));
  await expectNothingLeft();
  await rm(dir, { recursive: true, force: true });
});

async function join(home = path.join(dir, 'home')): Promise<RedisHandle> {
  const handle = await openRedis({ home, redisUrl: undefined });
  handles.push(handle);
  return handle;
}

async function joinElsewhere(home = path.join(dir, 'home'), env = {}): Promise<ChildProcess> {
  const user = spawn(process.execPath, [child, home], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(user);
  await once(user.stdout as NodeJS.ReadableStream, 'data');
  return user;
}

async function leave(user: ChildProcess): Promise<void> {
  user.stdin?.end();
  await once(user, 'exit');
}

async function kill(user: ChildProcess): Promise<void> {
  user.kill('SIGKILL');
  await once(user, 'exit');
}

/** Keepers, their loops and servers of this test, by pid and command line. */
function running(): string[] {
  const { stdout } = spawnSync('pgrep', ['-af', dir], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line !== '' && !line.includes('redis-user-child'));
}

const servers = (): string[] => running().filter((line) => /^\d+ \S*(redis|valkey)-server/.test(line));

async function expectNothingLeft(): Promise<void> {
  await vi.waitFor(() => expect(running()).toEqual([]), { timeout: 10_000, interval: 20 });
}

async function serverPid(): Promise<number> {
  return Number(await readFile(path.join(dir, 'home', 'redis', 'server.pid'), 'utf8'));
}

test('processes with one home share one server, and the last to leave stops it', async () => {
  const users = await Promise.all([joinElsewhere(), joinElsewhere(), joinElsewhere()]);
  const here = await join();
  expect(servers()).toHaveLength(1);
  expect(await here.client.get('joined')).toBe('3');
  await here.close();
  const [first, ...others] = users as [ChildProcess, ...ChildProcess[]];
  await Promise.all(others.map(leave));
  const again = await join();
  expect(await again.client.get('joined')).toBe('3');
  expect(servers()).toHaveLength(1);
  await again.close();
  await leave(first);
  await expectNothingLeft();
});

test('a user that is SIGKILLed has left, too', async () => {
  const [one, two] = await Promise.all([joinElsewhere(), joinElsewhere()]);
  await kill(one);
  expect(servers()).toHaveLength(1);
  await kill(two);
  await expectNothingLeft();
});

test('leaving and joining at once, many times over, never meets a server that goes away', async () => {
  for (let round = 1; round <= (isLong ? 15 : 6); round++) {
    const up: boolean[] = [];
    const handle = await openRedis({
      home: path.join(dir, 'home'),
      redisUrl: undefined,
      onLink: (isUp) => up.push(isUp),
    });
    handles.push(handle);
    expect(await handle.client.incr('rounds')).toBe(round);
    expect(servers()).toHaveLength(1);
    await handle.close();
    expect(up).toEqual([]);
  }
});

test('a killed server is started again with its data', async () => {
  const links: boolean[] = [];
  const handle = await openRedis({
    home: path.join(dir, 'home'),
    redisUrl: undefined,
    onLink: (up) => links.push(up),
  });
  handles.push(handle);
  await handle.client.set('kept', 'yes');
  const first = await serverPid();
  await vi.waitFor(async () =>
    expect(await handle.client.info('persistence')).toMatch(/aof_pending_bio_fsync:0/),
  );
  process.kill(first, 'SIGKILL');
  expect(await handle.client.get('kept')).toBe('yes');
  expect(links).toEqual([false, true]);
  expect(await serverPid()).not.toBe(first);
  const other = await joinElsewhere();
  expect(servers()).toHaveLength(1);
  await leave(other);
});

test('server and keeper killed: the next user starts both again with the data', async () => {
  const user = await joinElsewhere();
  for (const line of running()) process.kill(Number.parseInt(line, 10), 'SIGKILL');
  await kill(user);
  const here = await join();
  expect(await here.client.get('joined')).toBe('1');
  expect(servers()).toHaveLength(1);
});

test('the keeper killed: the server goes on, and the last to leave stops it', async () => {
  const here = await join();
  const keeper = running().find((line) => line.includes('thresh-redis-keeper'));
  process.kill(Number.parseInt(keeper ?? '', 10), 'SIGKILL');
  expect(await here.client.incr('still')).toBe(1);
  await here.close();
  await expectNothingLeft();
});

test('a starter that is SIGKILLed at any moment leaves nothing and locks nobody out', async () => {
  for (const afterMs of casesOf([350, 600, 250, 450], 2)) {
    const starter = spawn(process.execPath, [child, path.join(dir, 'home')], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    children.push(starter);
    const timer = setTimeout(() => starter.kill('SIGKILL'), afterMs); // not synchronisation: the moment is the test
    await once(starter, 'exit');
    clearTimeout(timer);
    await expectNothingLeft();
  }
  const here = await join();
  expect(await here.client.ping()).toBe('PONG');
});

test('the lock of a dead starter is taken over', async () => {
  const dead = spawnSync('true').pid;
  await mkdir(path.join(dir, 'home', 'redis'), { recursive: true });
  await writeFile(path.join(dir, 'home', 'redis', 'starting.lock'), String(dead));
  const here = await join();
  expect(await here.client.ping()).toBe('PONG');
  expect(existsSync(path.join(dir, 'home', 'redis', 'starting.lock'))).toBe(false);
});

test('a home whose path is longer than a socket may have', async () => {
  const home = path.join(dir, 'deep'.repeat(20), 'deeper'.repeat(20), 'home');
  const here = await join(home);
  expect(Buffer.byteLength(here.where)).toBeLessThanOrEqual(103);
  const other = await joinElsewhere(home, { TMPDIR: dir });
  expect(await here.client.get('joined')).toBe('1');
  await leave(other);
  await here.close();
  await expectNothingLeft();
  await vi.waitFor(() => expect(existsSync(path.dirname(here.where))).toBe(false));
});
