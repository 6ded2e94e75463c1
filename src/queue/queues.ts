/**
 * The farm's two kinds of queues, as clients see them; workers are made where the work is done.
 *
 * BullMQ holds a queue's pause only where a rate limit is set, so a page queue always has one.
 */
import { Queue } from 'bullmq';
import { BATCH_QUEUE, PREFIX, pageQueue } from './keys.js';
import type { RedisHandle } from './redis.js';

export function openBatchQueue(redis: RedisHandle): Queue<{ batch: string }> {
  return quiet(new Queue(BATCH_QUEUE, { connection: redis.connection, prefix: PREFIX }));
}

export function openPageQueue(redis: RedisHandle, target: string): Queue {
  return quiet(new Queue(pageQueue(target), { connection: redis.connection, prefix: PREFIX }));
}

/** The handle's own client tells of a lost link, once; each queue would tell it again. */
function quiet<T extends Queue>(queue: T): T {
  queue.on('error', () => undefined);
  return queue;
}

/** As good as none. */
const NO_RATE = { max: 1_000_000, durationMs: 1_000 };

/** Least time between the starts of two pages over the whole farm, ms; 0 for none. To be called before `pauseStarts`. */
export async function spaceStarts(queue: Queue, gapMs: number): Promise<void> {
  if (gapMs > 0) await queue.setGlobalRateLimit(1, gapMs);
  else await queue.setGlobalRateLimit(NO_RATE.max, NO_RATE.durationMs);
}

/** No page of the whole farm starts for so long. Never cuts a longer pause short. */
export async function pauseStarts(queue: Queue, forMs: number): Promise<void> {
  if (forMs > (await queue.getRateLimitTtl(NO_RATE.max))) await queue.rateLimit(forMs);
}
