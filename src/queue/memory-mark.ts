/** Notices that Redis lost what it knew (a FLUSHALL, an append-only file that is gone): a mark of ours is another, or none. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { MEMORY_MARK } from './keys.js';

export interface MemoryMark {
  /** True once for each loss since the mark was made. */
  wasLost(): Promise<boolean>;
}

export async function createMemoryMark(client: Redis): Promise<MemoryMark> {
  const look = async (): Promise<string | null> => {
    const [, mark] = await Promise.all([
      client.set(MEMORY_MARK, randomUUID(), 'NX'),
      client.get(MEMORY_MARK),
    ]);
    return mark;
  };
  let seen = await look();
  return {
    async wasLost() {
      const now = await look();
      const lost = now !== seen;
      seen = now;
      return lost;
    },
  };
}
