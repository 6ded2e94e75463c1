/**
 * A redis-server of this project's own, under THRESH_HOME, shared by all commands with that home and gone with the
 * last of them, however that one ends.
 *
 * A keeper (a shell, detached) runs redis-server, again if it dies, and reads a named pipe. Every command that uses the server
 * holds that pipe open for writing. When the last writer is gone, by exit or SIGKILL, the kernel ends the keeper's
 * read, and the keeper shuts the server down. Opening the pipe fails when no keeper reads it: that is how a command
 * finds out that it must start one. Starting is guarded by a lock file that names its owner's pid.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ThreshError } from '../errors.js';

/** A Unix socket's path holds 108 bytes with its final NUL (104 on macOS). */
const MAX_SOCKET_PATH = 103;
const START_TIMEOUT_MS = 20_000;

export interface EmbeddedRedis {
  /** Path of the Unix socket. */
  socket: string;
  /** Makes sure that the server runs, starting it again if it died. Does nothing after `release`. */
  ensure(): Promise<void>;
  /** Lets go; the server stops when nobody else holds it. */
  release(): Promise<void>;
}

interface Layout {
  dir: string;
  socket: string;
  pipe: string;
  lock: string;
  pid: string;
  log: string;
}

/** Joins the home's server, starting it when needed. Throws REDIS_UNAVAILABLE. */
export async function joinEmbeddedRedis(home: string, redisServer: string): Promise<EmbeddedRedis> {
  const layout = await layoutOf(home);
  let held: FileHandle | undefined;
  let ensuring: Promise<void> | undefined;
  let released = false;

  async function hold(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!released && (held === undefined || !(await answers(layout.socket)))) {
      if (Date.now() > deadline) throw await unavailable(layout);
      await letGo();
      held = (await holdPipe(layout.pipe)) ?? (await startUnderLock(layout, redisServer));
      if (held !== undefined && !released) await waitForAnswer(layout.socket, 2_000);
    }
    if (released) await letGo(); // released while we were taking hold
  }

  async function letGo(): Promise<void> {
    const handle = held;
    held = undefined;
    await handle?.close();
  }

  // One at a time: of two holds taken at once the first would be lost and never let go.
  function ensure(): Promise<void> {
    ensuring ??= hold().finally(() => {
      ensuring = undefined;
    });
    return ensuring;
  }

  await ensure();
  return {
    socket: layout.socket,
    ensure,
    async release() {
      released = true;
      await letGo();
    },
  };
}

/** Where the server's socket is (or would be) for a home; short enough for the system's limit. */
export function socketPath(home: string): string {
  const inside = path.join(path.resolve(home), 'redis', 'redis.sock');
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH) return inside;
  const hash = createHash('sha256').update(path.resolve(home)).digest('hex').slice(0, 16);
  return path.join(os.tmpdir(), `thresh-redis-${os.userInfo().uid}-${hash}`, 'redis.sock');
}

async function layoutOf(home: string): Promise<Layout> {
  const dir = path.join(path.resolve(home), 'redis');
  const socket = socketPath(home);
  await mkdir(dir, { recursive: true });
  await mkdir(path.dirname(socket), { recursive: true, mode: 0o700 });
  return {
    dir,
    socket,
    pipe: path.join(dir, 'users.fifo'),
    lock: path.join(dir, 'starting.lock'),
    pid: path.join(dir, 'redis.pid'),
    log: path.join(dir, 'redis.log'),
  };
}

/** The pipe's writing end, or undefined when nobody reads it (ENXIO) or there is none yet. */
async function holdPipe(pipe: string): Promise<FileHandle | undefined> {
  try {
    return await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENXIO' || code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The hold on a server that this call started; undefined when somebody else is about to start it. */
async function startUnderLock(layout: Layout, redisServer: string): Promise<FileHandle | undefined> {
  if (!(await takeLock(layout.lock))) {
    await delay(100);
    return undefined;
  }
  try {
    const joined = await holdPipe(layout.pipe);
    if (joined !== undefined) return joined;
    await stopOrphan(layout);
    return await startKeeper(layout, redisServer);
  } finally {
    await rm(layout.lock, { force: true });
  }
}

/** A server whose keeper was killed has no one to stop it: it is asked to save and stop before a new one starts. */
async function stopOrphan(layout: Layout): Promise<void> {
  const pid = Number(await readFile(layout.pid, 'utf8').catch(() => ''));
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!/(redis|valkey)-server/.test(command) || !command.includes(layout.socket)) return;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 10_000;
  while (isAlive(pid)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await delay(20);
  }
}

/** Starts keeper and server. The handle is a writing end of the pipe: the caller's hold on both. */
async function startKeeper(layout: Layout, redisServer: string): Promise<FileHandle | undefined> {
  await Promise.all([layout.socket, layout.pipe, layout.pid].map((file) => rm(file, { force: true })));
  await promisify(execFile)('mkfifo', ['-m', '600', layout.pipe]);
  const config = path.join(layout.dir, 'redis.conf');
  await writeFile(config, configOf(layout), { mode: 0o600 });
  // Both ends in one, because a writing end cannot be opened before the keeper reads: if this process is killed here,
  // the keeper's read ends at once.
  const both = await open(layout.pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const log = await open(layout.log, 'a');
  try {
    const args = ['-c', KEEPER, 'thresh-redis-keeper', redisServer, config, layout.pipe, layout.pid];
    spawn('sh', args, { cwd: layout.dir, detached: true, stdio: ['ignore', log.fd, log.fd] }).unref();
    const running = await waitForAnswer(layout.socket, START_TIMEOUT_MS);
    return running ? await holdPipe(layout.pipe) : undefined;
  } finally {
    await Promise.all([both.close(), log.close()]);
  }
}

/** Starts the server again when it dies; stops it when nobody holds the pipe. $1 server, $2 config, $3 pipe, $4 pid. */
const KEEPER = `
( while :; do "$1" "$2"; sleep 0.2; done ) &
loop=$!
cat <"$3" >/dev/null
kill $loop
[ -s "$4" ] && kill "$(cat "$4")"
wait
`;

function configOf(layout: Layout): string {
  return [
    'port 0',
    `unixsocket "${layout.socket}"`,
    'unixsocketperm 700',
    `dir "${layout.dir}"`,
    `pidfile "${layout.pid}"`,
    'daemonize no',
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    'maxmemory-policy noeviction',
    'databases 1',
    `proc-title-template "{title} ${layout.socket}"`,
    '',
  ].join('\n');
}

/** True when the lock is ours now. A lock whose owner is dead is taken over. */
async function takeLock(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => '0'));
  if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function waitForAnswer(socket: string, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (await answers(socket)) return true;
    await delay(20);
  }
  return false;
}

/** True when the server answers PING (while it loads its append-only file it does not yet). */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(socket);
    connection.setTimeout(1_000, () => settle(false));
    connection.on('connect', () => connection.write('PING\r\n'));
    connection.on('data', (data) => settle(data.toString().startsWith('+PONG')));
    connection.on('error', () => settle(false));
    connection.on('close', () => settle(false));
    function settle(answer: boolean): void {
      connection.destroy();
      resolve(answer);
    }
  });
}

async function unavailable(layout: Layout): Promise<ThreshError> {
  const log = await readFile(layout.log, 'utf8').catch(() => '');
  const last = log.trimEnd().split('\n').slice(-1)[0] ?? '';
  return new ThreshError(`the embedded Redis does not start${last === '' ? '' : `: ${last.slice(0, 300)}`}`, {
    code: 'REDIS_UNAVAILABLE',
    scope: 'batch',
    mend: `see ${layout.log}; or set REDIS_URL to a Redis of your own`,
  });
}
