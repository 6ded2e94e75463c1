import type { BrowserPool } from '../../browser-pool/index.js';
import { openRedis, type RedisHandle, type RedisSettings } from '../queue/redis.js';

/** A browser and a Redis that answer; both are started at once. */
export async function openEngines(
  pool: BrowserPool,
  settings: RedisSettings & { redis?: RedisHandle },
): Promise<RedisHandle> {
  const [redis, browser] = await Promise.allSettled([
    settings.redis ?? openRedis(settings),
    pool.userAgent(),
  ]);
  if (redis.status === 'fulfilled' && browser.status === 'fulfilled') return redis.value;
  if (redis.status === 'fulfilled') await redis.value.close();
  await pool.close();
  throw browser.status === 'rejected' ? browser.reason : (redis as PromiseRejectedResult).reason;
}
