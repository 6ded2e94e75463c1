/**
 * What Redis knows of a batch's pages: a bit for each that has its outcome, the counters, the links that completed
 * pages followed. All of it can be rebuilt from the frontier and the segments; nothing here is the only copy.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { ThreshError } from '../errors.js';
import { inCompany } from './in-company.js';
import { type BatchKeys, batchKeys } from './keys.js';

export interface PageSettlement {
  page: number;
  outcome: 'completed' | 'gone' | 'skipped' | 'dead';
  rows: number;
  quarantined: number;
  /** JSON of FollowedLink[]. */
  followed?: string | undefined;
}

export interface PageCounts {
  completed: number;
  gone: number;
  skipped: number;
  dead: number;
  rows: number;
  quarantined: number;
  /** Completed pages that gave no row, good or bad, and followed no link. */
  empty: number;
  retries: number;
}

export const COUNTS: readonly (keyof PageCounts)[] = [
  'completed',
  'gone',
  'skipped',
  'dead',
  'rows',
  'quarantined',
  'empty',
  'retries',
];

export interface PageLedger {
  /** Counts the page once, whoever settles it and however often. True when this call did it. */
  settle(settlement: PageSettlement): Promise<boolean>;
  isSettled(page: number): Promise<boolean>;
  /** One bit a page from `from` (a multiple of 8), most significant first; shorter when the rest is unsettled. */
  settledBits(from: number, bytes: number): Promise<Buffer>;
  countRetry(): Promise<void>;
  counts(): Promise<PageCounts>;
  /** Of these settled pages those that followed links, in order, with the links as JSON. */
  followedByAny(pages: readonly number[]): Promise<[number, string][]>;
  forgetFollowed(pages: number[]): Promise<void>;
  /** For each fingerprint, true when it was not there before. Throws REDIS_UNAVAILABLE when that cannot be told. */
  addSeen(fingerprints: bigint[]): Promise<boolean[]>;
  /** Everything of the batch's pages, gone; what is counted from here on is this ledger's. */
  clear(): Promise<void>;
  /** Throws REDIS_UNAVAILABLE when what was counted since `clear` is gone, or another process began anew. */
  assertOwn(): Promise<void>;
}

/** KEYS settled, state, followed; ARGV for each page: number, outcome, rows, quarantined, followed ('' for none). */
const SETTLE = `
local did = {}
for at = 1, #ARGV, 5 do
  local page, outcome, rows, quarantined, followed = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  if redis.call('SETBIT', KEYS[1], page, 1) == 1 then did[#did + 1] = 0
  else
    did[#did + 1] = 1
    redis.call('HINCRBY', KEYS[2], outcome, 1)
    redis.call('HINCRBY', KEYS[2], 'rows', rows)
    redis.call('HINCRBY', KEYS[2], 'quarantined', quarantined)
    if followed ~= '' then redis.call('HSET', KEYS[3], page, followed)
    elseif outcome == 'completed' and rows == '0' and quarantined == '0' then redis.call('HINCRBY', KEYS[2], 'empty', 1) end
  end
end
return did`;

export function createPageLedger(client: Redis, batch: string): PageLedger {
  const keys = batchKeys(batch);
  let own = '';
  const settle = inCompany(async (settlements: PageSettlement[]) => {
    const args = settlements.flatMap(({ page, outcome, rows, quarantined, followed = '' }) => [
      page,
      outcome,
      rows,
      quarantined,
      followed,
    ]);
    const did = await client.eval(SETTLE, 3, keys.settled, keys.state, keys.followed, ...args);
    return (did as number[]).map((one) => one === 1);
  });
  return {
    settle,
    async isSettled(page) {
      return (await client.getbit(keys.settled, page)) === 1;
    },
    settledBits(from, bytes) {
      return client.getrangeBuffer(keys.settled, from / 8, from / 8 + bytes - 1);
    },
    async countRetry() {
      await client.hincrby(keys.state, 'retries', 1);
    },
    async counts() {
      const values = await client.hmget(keys.state, ...COUNTS);
      return Object.fromEntries(
        COUNTS.map((name, at) => [name, Number(values[at] ?? 0)]),
      ) as unknown as PageCounts;
    },
    async followedByAny(pages) {
      if (pages.length === 0 || (await client.hlen(keys.followed)) === 0) return [];
      const links = await client.hmget(keys.followed, ...pages.map(String));
      return pages.flatMap((page, at): [number, string][] => {
        const json = links[at];
        return typeof json === 'string' ? [[page, json]] : [];
      });
    },
    async forgetFollowed(pages) {
      if (pages.length > 0) await client.hdel(keys.followed, ...pages.map(String));
    },
    addSeen: (fingerprints) => addSeen(client, keys, fingerprints),
    async clear() {
      own = randomUUID();
      await clear(client, keys);
      await client.hset(keys.state, 'ledger', own);
    },
    async assertOwn() {
      if ((await client.hget(keys.state, 'ledger')) !== own)
        throw lost('Redis lost what it knew of the batch');
    },
  };
}

/**
 * 64 of a fingerprint's 80 bits are the member and 16 the bucket: a bucket stays under Redis's 512 members up to some
 * 30 million pages and so is an intset of 8 bytes a member.
 */
async function addSeen(client: Redis, keys: BatchKeys, fingerprints: bigint[]): Promise<boolean[]> {
  // ioredis sends again what was cut off, and then what was added the first time would be none of ours.
  let cut = false;
  const onClose = (): void => {
    cut = true;
  };
  client.once('close', onClose);
  const pipeline = client.pipeline();
  for (const fingerprint of fingerprints) {
    const bucket = Number(fingerprint & 0xffffn);
    pipeline.sadd(keys.seen(bucket), BigInt.asIntN(64, fingerprint >> 16n).toString());
  }
  const replies = (await pipeline.exec().finally(() => client.off('close', onClose))) ?? [];
  if (cut) throw lost('the link to Redis was lost while pages were taken in');
  return replies.map(([error, added]) => {
    if (error !== null) throw error;
    return added === 1;
  });
}

function lost(message: string): ThreshError {
  return new ThreshError(message, { code: 'REDIS_UNAVAILABLE', scope: 'batch', retry: 'later' });
}

async function clear(client: Redis, keys: BatchKeys): Promise<void> {
  await client.del(keys.settled, keys.followed);
  await client.hdel(keys.state, ...COUNTS);
  for await (const found of client.scanStream({ match: keys.seenPattern, count: 1_000 }) as AsyncIterable<
    string[]
  >) {
    if (found.length > 0) await client.unlink(...found);
  }
}
