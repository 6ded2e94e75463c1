/**
 * All that the loop of a fetching batch has to know of Redis, in one command: it looks five times a second, and at the
 * pace of real pages most of the farm's own CPU would go into asking one thing after the other.
 */
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type BatchControl, controlOf } from './batch-board.js';
import { batchKeys } from './keys.js';
import { COUNT_FIELDS, countsOf, type PageCounts, type PageLedger } from './page-ledger.js';
import { scriptOn } from './script.js';

/** Jobs of the target's queue, whichever batch they are of. */
export interface Queued {
  waiting: number;
  active: number;
  delayed: number;
  prioritized: number;
}

export interface FetchLook {
  /** What is asked of the batch. */
  control: BatchControl;
  /** Why the farm itself has paused it. */
  pausedFor: string | undefined;
  /** What somebody who works on it waits for. */
  waitsFor: string | undefined;
  counts: PageCounts;
  /** Every page before this one has its outcome. */
  settledTo: number;
  /** Whether links of settled pages wait to be taken into the frontier. */
  hasFollowed: boolean;
  queued: Queued;
}

/** `from`: pages before it are known to be settled. Throws what `PageLedger.assertOwn` throws. */
export type LookAtFetching = (from?: number) => Promise<FetchLook>;

type Reply = [state: string[], waitsFor: string, settledTo: number, followed: number, ...queued: number[]];

const FIELDS = ['ledger', 'control', 'pausedFor', ...COUNT_FIELDS];

/** KEYS state, waits, settled, followed, and the queue's wait, active, delayed, prioritized; ARGV from, fields of state. */
const LOOK = `
local state = redis.call('HMGET', KEYS[1], unpack(ARGV, 2))
for at = 1, #ARGV - 1 do state[at] = state[at] or '' end
return {
  state,
  redis.call('HVALS', KEYS[2])[1] or '',
  redis.call('BITPOS', KEYS[3], 0, math.floor(ARGV[1] / 8)),
  redis.call('HLEN', KEYS[4]),
  redis.call('LLEN', KEYS[5]), redis.call('LLEN', KEYS[6]),
  redis.call('ZCARD', KEYS[7]), redis.call('ZCARD', KEYS[8])
}`;

export function createFetchLook(
  client: Redis,
  batch: string,
  { queue, ledger }: { queue: Queue; ledger: PageLedger },
): LookAtFetching {
  const { state, waits, settled, followed } = batchKeys(batch);
  const keys = [state, waits, settled, followed];
  for (const jobs of ['wait', 'active', 'delayed', 'prioritized']) keys.push(queue.toKey(jobs));
  const look = scriptOn<Reply>(client, { name: 'threshLook', keys: keys.length, lua: LOOK });
  return async (from = 0) => {
    const [[mark, control, pausedFor, ...counts], waitsFor, settledTo, links, ...queued] = await look(
      ...keys,
      from,
      ...FIELDS,
    );
    ledger.assertOwn(mark);
    const [waiting = 0, active = 0, delayed = 0, prioritized = 0] = queued;
    return {
      control: controlOf(control),
      pausedFor: pausedFor || undefined,
      waitsFor: waitsFor || undefined,
      counts: countsOf(counts),
      settledTo: Math.max(from, settledTo), // where nothing is settled there is no bit to be found
      hasFollowed: links > 0,
      queued: { waiting, active, delayed, prioritized },
    };
  };
}
