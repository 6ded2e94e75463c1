/**
 * A redis-server of this project's own, under THRESH_HOME, shared by all commands with that home and gone with the
 * last of them, however that one ends.
 *
 * Every command that uses the server holds a writing end of the keeper's pipe (redis-keeper.ts). When there is no
 * keeper to confirm its hold, it starts one. Starting is guarded by a lock file.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ThreshError } from '../errors.js';
import {
  answers,
  holdKeeper,
  isKept,
  type KeeperFiles,
  startKeeper,
  stopOrphan,
  waitForAnswer,
} from './redis-keeper.js';
import { takeLock } from './starting-lock.js';

/** A Unix socket's path holds 108 bytes with its final NUL (104 on macOS). */
const MAX_SOCKET_PATH = 103;
const START_TIMEOUT_MS = 20_000;
const CONFIRM_TIMEOUT_MS = 2_000;

export interface EmbeddedRedis {
  /** Path of the Unix socket. */
  socket: string;
  /** Makes sure that the server runs, starting it again if it died. */
  ensure(): Promise<void>;
  /** Lets go; the server stops when nobody else holds it. */
  release(): Promise<void>;
}

interface Layout extends KeeperFiles {
  lock: string;
}

/** Joins the home's server, starting it when needed. Throws REDIS_UNAVAILABLE. */
export async function joinEmbeddedRedis(home: string, redisServer: string): Promise<EmbeddedRedis> {
  const layout = await layoutOf(home);
  let held: FileHandle | undefined;
  let ensuring: Promise<void> | undefined;
  let released = false;

  /** A new hold comes before the old one goes: the keeper must not take the change for the last one's leaving. */
  async function join(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!released && (held === undefined || !(await answers(layout.socket)))) {
      if (Date.now() > deadline) throw await unavailable(layout);
      const old = held;
      held = (await holdKeeper(layout, deadline)) ?? (await startUnderLock(layout, redisServer, deadline));
      await old?.close();
      if (held !== undefined) await waitForAnswer(layout.socket, 2_000);
    }
  }

  /** One at a time, however many ask: a hold that a second one lost sight of would keep the server for ever. */
  function ensure(): Promise<void> {
    ensuring ??= join().finally(() => {
      ensuring = undefined;
    });
    return ensuring;
  }

  async function release(): Promise<void> {
    released = true;
    await ensuring?.catch(() => undefined);
    if (held === undefined) return;
    // That somebody reads the pipe is not enough: a keeper whose kill is on its way still has it open.
    const confirmed = await holdKeeper(layout, Date.now() + CONFIRM_TIMEOUT_MS);
    await Promise.all([held.close(), confirmed?.close()]);
    held = undefined;
    if (confirmed === undefined) await stopUnkept(layout);
  }

  try {
    await ensure();
  } catch (error) {
    await release();
    throw error;
  }
  return { socket: layout.socket, ensure, release };
}

/** Where the server's socket is for a home; short enough for the system's limit, and the same whatever TMPDIR says. */
function socketPath(home: string): string {
  const inside = path.join(path.resolve(home), 'redis', 'redis.sock');
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH) return inside;
  const hash = createHash('sha256').update(path.resolve(home)).digest('hex').slice(0, 16);
  return path.join('/tmp', `thresh-redis-${os.userInfo().uid}-${hash}`, 'redis.sock');
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
    pid: path.join(dir, 'server.pid'),
    log: path.join(dir, 'redis.log'),
  };
}

/** The hold on a server that this call started; undefined when somebody else is about to start it. */
async function startUnderLock(
  layout: Layout,
  redisServer: string,
  deadline: number,
): Promise<FileHandle | undefined> {
  if (Date.now() > deadline) return undefined;
  if (!(await takeLock(layout.lock))) {
    await delay(100);
    return undefined;
  }
  try {
    const joined = await holdKeeper(layout, deadline);
    if (joined !== undefined || Date.now() > deadline) return joined;
    await stopOrphan(layout);
    return await startKeeper(layout, redisServer, START_TIMEOUT_MS);
  } finally {
    await rm(layout.lock, { force: true });
  }
}

/** The keeper was killed, so nobody stops the server after us. Others that use it find it gone and start anew. */
async function stopUnkept(layout: Layout): Promise<void> {
  if (!(await takeLock(layout.lock))) return; // somebody starts a keeper, and stops the orphan first
  try {
    if (!(await isKept(layout))) await stopOrphan(layout);
  } finally {
    await rm(layout.lock, { force: true });
  }
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
