import { openRedis, type RedisHandle } from '../queue/redis.js';
import type { Settings } from '../settings.js';

/** Redis for the length of one piece of work. */
export async function withRedis<T>(settings: Settings, work: (redis: RedisHandle) => Promise<T>): Promise<T> {
  const redis = await openRedis({ home: settings.home, redisUrl: settings.redisUrl });
  try {
    return await work(redis);
  } finally {
    await redis.close();
  }
}
