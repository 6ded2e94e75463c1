/** The farm's two kinds of queues, as clients see them; workers are made where the work is done. */
import { Queue, type RepeatStrategy } from 'bullmq';
import { ALERT_QUEUE, BATCH_QUEUE, NIGHT_QUEUE, PREFIX, pageQueue, partitionQueue } from './keys.js';
import type { RedisHandle } from './redis.js';

export function openBatchQueue(redis: RedisHandle): Queue<{ batch: string }> {
  return quiet(new Queue(BATCH_QUEUE, { connection: redis.connection, prefix: PREFIX }));
}

export function openPageQueue(redis: RedisHandle, target: string): Queue {
  return quiet(new Queue(pageQueue(target), { connection: redis.connection, prefix: PREFIX }));
}

export function openPartitionQueue(redis: RedisHandle, target: string): Queue<PartitionJob> {
  return quiet(new Queue(partitionQueue(target), { connection: redis.connection, prefix: PREFIX }));
}

/** `repeatStrategy`: when a schedule is due next; whoever works on the queue has to have the same. */
export function openNightQueue(redis: RedisHandle, repeatStrategy: RepeatStrategy): Queue<NightJob> {
  return quiet(
    new Queue(NIGHT_QUEUE, { connection: redis.connection, prefix: PREFIX, settings: { repeatStrategy } }),
  );
}

export function openAlertQueue(redis: RedisHandle): Queue<AlertJob> {
  return quiet(new Queue(ALERT_QUEUE, { connection: redis.connection, prefix: PREFIX }));
}

export async function countAlerts(queue: Queue<AlertJob>): Promise<{ waiting: number; givenUp: number }> {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
  const { waiting = 0, active = 0, delayed = 0, failed = 0 } = counts;
  return { waiting: waiting + active + delayed, givenUp: failed };
}

export interface AlertJob {
  /** By what the receiver is known; its URL stays out of Redis. */
  receiver: string;
  alert: unknown;
}

/** A part of building a large dataset. */
export interface PartitionJob {
  batch: string;
  /** By which plan it is built. */
  plan: string;
  work: 'split' | 'write';
  number: number;
}

/** A target's time has come. */
export interface NightJob {
  target: string;
  /** The target's file, absolute. */
  file: string;
  /** It waits for the target's last batch: epoch ms since when. */
  waitsSinceMs?: number;
}

/** The handle's own client tells of a lost link, once; each queue would tell it again. */
function quiet<T extends Queue>(queue: T): T {
  queue.on('error', () => undefined);
  return queue;
}
