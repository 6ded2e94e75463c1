/** The farm's two kinds of queues, as clients see them; workers are made where the work is done. */
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
