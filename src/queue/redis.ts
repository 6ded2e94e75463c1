/** One way to Redis for a process: the one of REDIS_URL, or the home's embedded server. */
import type { RedisOptions } from 'bullmq';
import { Redis } from 'ioredis';
import { reasonOf, ThreshError } from '../errors.js';
import { type EmbeddedRedis, joinEmbeddedRedis } from './embedded-redis.js';
import { findRedis } from './find-redis.mjs';
import { aimAt } from './redis-options.js';
import { type Refusal, refusalInError, refusalInInfo, refusalInSentinels } from './redis-refusal.js';
import { refusalByTls } from './tls-refusal.js';

export interface RedisHandle {
  /** For commands of our own; BullMQ makes its own connections from `connection`. */
  client: Redis;
  connection: RedisOptions;
  /** For people, without secrets. */
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
/** No answer for so long: the link is made anew. BullMQ has Redis wait ten seconds at most before it answers. */
const SILENT_MS = 15_000;
const HUNG_UP = /ECONNRESET|EPIPE/;
const MEND = 'start it, or unset REDIS_URL to use the embedded one';

/**
 * Throws REDIS_UNAVAILABLE with what to do about it, also where a Redis answers that cannot be used; USAGE for a
 * REDIS_URL that is none.
 */
export async function openRedis(settings: RedisSettings): Promise<RedisHandle> {
  const aim = settings.redisUrl === undefined ? undefined : aimAt(settings.redisUrl);
  const embedded = aim === undefined ? await joinEmbedded(settings.home) : undefined;
  const where = aim?.where ?? embedded?.socket ?? '';
  const connection = {
    ...(aim?.connection ?? { path: where }),
    maxRetriesPerRequest: null,
    retryStrategy: (times: number): number => Math.min(50 * 2 ** times, 2_000),
    // A machine that is gone closes no link.
    socketTimeout: SILENT_MS,
    // The server that we are linked to has become a replica: whoever has its place answers at a new link.
    reconnectOnError: (error: Error) => (error.message.includes('READONLY') ? 2 : false),
    // What we hang up on has nothing more to say; ioredis would hold the process for two seconds to hear it.
    disconnectTimeout: 50,
  } satisfies RedisOptions;
  const client = new Redis({ ...connection, lazyConnect: true });
  const unwatch = watchLink(client, embedded, settings.onLink);
  const close = async (): Promise<void> => {
    unwatch();
    client.disconnect();
    await embedded?.release();
  };
  try {
    await within(CONNECT_TIMEOUT_MS, client, async () => {
      await connected(client, connection);
      if (embedded === undefined) await checkFit(client);
    });
  } catch (error) {
    await close();
    throw unavailable(where, error, connection.tls === undefined ? 'rediss' : 'redis');
  }
  return { client, connection, where, close };
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

/** Resolves when it is there; rejects for what no waiting mends. While the server starts, attempts may fail. */
function connected(client: Redis, connection: RedisOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (refusal: Refusal | undefined): void => {
      if (refusal !== undefined) reject(new RefusedByRedis(refusal));
    };
    let isAsked = false;
    client.once('ready', resolve);
    client.on('error', (error: Error) => {
      refuse(refusalInError(error));
      if (isAsked || !HUNG_UP.test(reasonOf(error))) return;
      isAsked = true;
      void refusalByTls(connection).then(refuse);
    });
    client.connect().catch(() => undefined); // goes on trying
  });
}

async function checkFit(client: Redis): Promise<void> {
  const info = await client.info().catch((error: Error) => {
    throw new RefusedByRedis(refusalInError(error) ?? { problem: `says ${reasonOf(error)}`, mend: MEND });
  });
  const refusal = refusalInInfo(info);
  if (refusal !== undefined) throw new RefusedByRedis(refusal);
}

/** The reason of its failure is the last error that was seen. */
async function within(timeoutMs: number, client: Redis, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let last: Error | undefined;
  client.on('error', (error: Error) => {
    if (!error.message.startsWith('All sentinels are unreachable')) last = error; // each has said why
  });
  client.on('sentinelError', (error: Error) => {
    const refusal = refusalInSentinels(error);
    last = refusal === undefined ? error : new RefusedByRedis(refusal);
  });
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(last ?? new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** It answers, and is of no use. */
class RefusedByRedis extends Error {
  readonly mend: string;

  constructor({ problem, mend }: Refusal) {
    super(problem);
    this.mend = mend;
  }
}

/**
 * Without a cause: an error of ioredis holds the command that failed, and with it the password. `otherwise`: the scheme
 * by which it was not tried.
 */
function unavailable(where: string, error: unknown, otherwise: 'redis' | 'rediss'): ThreshError {
  const how = { code: 'REDIS_UNAVAILABLE', scope: 'batch' } as const;
  if (error instanceof RefusedByRedis)
    return new ThreshError(`the Redis at ${where} ${error.message}`, { ...how, mend: error.mend });
  const reason = reasonOf(error);
  // A server that takes TLS for bad commands, or the other way round, waits for more or hangs up.
  const isMute = /ETIMEDOUT|ECONNRESET|EPIPE|no answer/.test(reason);
  return new ThreshError(`no Redis at ${where}: ${reason}`, {
    ...how,
    mend: isMute ? `${MEND}; does it want ${otherwise}://…?` : MEND,
  });
}
