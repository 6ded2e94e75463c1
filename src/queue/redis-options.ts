/** What ioredis is to be told of a Redis, for BullMQ's connections as for our own. */
import { readFileSync } from 'node:fs';
import type { RedisOptions } from 'bullmq';
import { reasonOf, ThreshError } from '../errors.js';
import { parseRedisUrl, type RedisPlace, type RedisTls } from '../redis-url.js';

export interface RedisAim {
  connection: RedisOptions;
  /** For people, without secrets: `host:6379/0`, a socket's path, `master of host:26379,host:26379/0`. */
  where: string;
}

/** Throws USAGE, also when a file that the URL names cannot be read. */
export function aimAt(redisUrl: string): RedisAim {
  const place = parseRedisUrl(redisUrl);
  const { at, login, db } = place;
  const tls = place.tls === undefined ? undefined : readFiles(place.tls);
  const common = { ...login, db, ...(tls === undefined ? {} : { tls }) };
  if ('socket' in at) return { connection: { path: at.socket, ...login, db }, where: whereOf(place) };
  if ('host' in at) return { connection: { ...at, ...common }, where: whereOf(place) };
  const { username, password } = place.sentinelLogin;
  return {
    where: whereOf(place),
    connection: {
      sentinels: at.sentinels,
      name: at.master,
      ...common,
      ...(username === undefined ? {} : { sentinelUsername: username }),
      ...(password === undefined ? {} : { sentinelPassword: password }),
      ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    },
  };
}

function whereOf({ at, db }: RedisPlace): string {
  if ('socket' in at) return at.socket;
  if ('host' in at) return `${at.host}:${at.port}/${db}`;
  return `${at.master} of ${at.sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}/${db}`;
}

function readFiles(tls: RedisTls): { [name in keyof RedisTls]: Buffer } {
  return Object.fromEntries(Object.entries(tls).map(([name, file]) => [name, readPem(name, file)]));
}

function readPem(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ThreshError(`the file that REDIS_URL names as ${name} cannot be read: ${reasonOf(cause)}`, {
      code: 'USAGE',
      scope: 'batch',
      mend: `write it as ${name}=/absolute/path.pem`,
      cause,
    });
  }
}
