/** One way to Redis for a process: the one of REDIS_URL, or the home's embedded server. */
import type { RedisOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { reasonOf, ThreshError } from '../errors.js';
import { type EmbeddedRedis, joinEmbeddedRedis } from './embedded-redis.js';
import { findRedis } from './find-redis.mjs';

export interface RedisHandle {
  /** For commands of our own; BullMQ makes its own connections from `connection`. */
  client: Redis;
  connection: RedisOptions;
  /** For people: `redis://host:6379/0` without its password, or the socket's path. */
  where: string;
  close(): Promise<void>;
}

export interface RedisSettings {
  home: string;
  redisUrl: string | undefined;
  /** Called once when the connection is lost and once when it is back. */
  onLink?: (up: boolean) => void;
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Throws REDIS_UNAVAILABLE with what to do about it. */
export async function openRedis(settings: RedisSettings): Promise<RedisHandle> {
  const embedded = settings.redisUrl === undefined ? await joinEmbedded(settings.home) : undefined;
  const connection = embedded === undefined ? optionsOf(settings.redisUrl ?? '') : { path: embedded.socket };
  const where = embedded?.socket ?? `${connection.host}:${connection.port}/${connection.db ?? 0}`;
  const habits = {
    maxRetriesPerRequest: null,
    retryStrategy: (times: number): number => Math.min(50 * 2 ** times, 2_000),
    // What we hang up on has nothing more to say; ioredis would hold the process for two seconds to hear it.
    disconnectTimeout: 50,
  };
  const client = new Redis({ ...connection, ...habits, lazyConnect: true });
  const unwatch = watchLink(client, embedded, settings.onLink);
  try {
    await connectWithin(client, CONNECT_TIMEOUT_MS);
  } catch (cause) {
    unwatch();
    client.disconnect();
    await embedded?.release();
    throw new ThreshError(`no Redis at ${where}: ${reasonOf(cause)}`, {
      code: 'REDIS_UNAVAILABLE',
      scope: 'batch',
      mend: 'start it, or unset REDIS_URL to use the embedded one',
      cause,
    });
  }
  return {
    client,
    connection: { ...connection, ...habits },
    where,
    async close() {
      unwatch();
      client.disconnect();
      await embedded?.release();
    },
  };
}

async function joinEmbedded(home: string): Promise<EmbeddedRedis> {
  const found = findRedis();
  if (found === undefined) {
    throw new ThreshError('no redis-server or valkey-server on this machine', {
      code: 'REDIS_UNAVAILABLE',
      scope: 'batch',
      mend: 'run `npm run setup`, or set REDIS_URL to a Redis of your own',
    });
  }
  return joinEmbeddedRedis(home, found.path);
}

/** An embedded server that died is started again by whoever notices. What it returns is called before we hang up. */
function watchLink(
  client: Redis,
  embedded: EmbeddedRedis | undefined,
  onLink?: (up: boolean) => void,
): () => void {
  let up: boolean | undefined;
  let closing = false;
  client.on('ready', () => {
    if (up === false) onLink?.(true);
    up = true;
  });
  client.on('close', () => {
    if (closing) return;
    if (up === true) onLink?.(false);
    if (up !== undefined) up = false;
    embedded?.ensure().catch(() => undefined); // the next close asks again; onLink has told the user
  });
  client.on('error', () => undefined); // each is followed by `close`
  return () => {
    closing = true;
  };
}

function optionsOf(url: string): RedisOptions {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw badUrl();
  }
  if (!['redis:', 'rediss:', 'unix:'].includes(parsed.protocol)) throw badUrl();
  if (parsed.protocol === 'unix:') return { path: parsed.pathname };
  const db = Number(parsed.pathname.slice(1) || '0');
  if (!Number.isSafeInteger(db)) throw badUrl();
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port || 6379),
    db,
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
    ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

function badUrl(): ThreshError {
  return new ThreshError('REDIS_URL is not a Redis URL', {
    code: 'USAGE',
    scope: 'batch',
    mend: 'use redis://[user:password@]host:port/db, rediss://… or unix:/path/to.sock',
  });
}

async function connectWithin(client: Redis, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let lastError: Error | undefined;
  client.on('error', (error: Error) => {
    lastError = error;
  });
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lastError ?? new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    // The first attempt may fail while the server starts; ioredis goes on trying until `late`.
    client.connect().catch(() => undefined);
    await Promise.race([new Promise<void>((resolve) => client.once('ready', resolve)), late]);
  } finally {
    clearTimeout(timer);
  }
}
