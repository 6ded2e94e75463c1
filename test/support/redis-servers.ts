/** Servers of an operator's own, on free loopback ports: Redis with whatever settings, and Sentinels. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findRedis } from '../../src/queue/find-redis.mjs';

export interface RedisServer {
  port: number;
  child: ChildProcess;
}

export interface RedisServers {
  dir: string;
  /** `settings`: lines of its configuration. `tls`: it listens with TLS alone. */
  start(settings?: readonly string[], how?: { tls?: boolean; sentinel?: boolean }): Promise<RedisServer>;
  /** Kills all and waits until they are gone. */
  close(): Promise<void>;
}

const START_MS = 20_000;

export async function createRedisServers(): Promise<RedisServers> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-servers-'));
  const children: ChildProcess[] = [];
  return {
    dir,
    async start(settings = [], { tls = false, sentinel = false } = {}) {
      const port = await freePort();
      const own = path.join(dir, String(port));
      await mkdir(own);
      const listens = tls ? ['port 0', `tls-port ${port}`] : [`port ${port}`];
      const file = path.join(own, 'redis.conf');
      const lines = [
        ...listens,
        'bind 127.0.0.1',
        `dir ${own}`,
        ...(sentinel ? [] : ['save ""']),
        ...settings,
      ];
      await writeFile(file, `${lines.join('\n')}\n`);
      const child = spawn(findRedis()?.path ?? 'redis-server', [file, ...(sentinel ? ['--sentinel'] : [])], {
        stdio: 'ignore',
      });
      children.push(child);
      await waitUntilListening(port, child);
      return { port, child };
    },
    async close() {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const gone = once(child, 'exit');
          child.kill('SIGKILL');
          await gone;
        }),
      );
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Where nobody listens, at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function waitUntilListening(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`a Redis ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`nobody listens at ${port}`);
    await delay(20);
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => socket.destroy()).once('connect', () => socket.end());
  });
}
