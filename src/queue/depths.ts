/** How full the queues of several targets are, for whoever opens none of them. */
import { QueueKeys } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Queued } from './fetch-look.js';
import { PREFIX, pageQueue } from './keys.js';

const keys = new QueueKeys(PREFIX);

/** In the order of the targets. */
export function readDepths(client: Redis, targets: readonly string[]): Promise<Queued[]> {
  return Promise.all(
    targets.map(async (target) => {
      const key = (jobs: string): string => keys.toKey(pageQueue(target), jobs);
      const [waiting, active, delayed, prioritized] = await Promise.all([
        client.llen(key('wait')),
        client.llen(key('active')),
        client.zcard(key('delayed')),
        client.zcard(key('prioritized')),
      ]);
      return { waiting, active, delayed, prioritized };
    }),
  );
}
