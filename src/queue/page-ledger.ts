/**
 * What Redis knows of a batch's pages: a bit for each that has its outcome, the counters, the links that completed
 * pages followed. All of it can be rebuilt from the frontier and the segments; nothing here is the only copy.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { ThreshError } from '../errors.js';
import { type BatchControl, controlOf } from './batch-board.js';
import { inCompany } from './in-company.js';
import { type BatchKeys, batchKeys } from './keys.js';
import { scriptOn } from './script.js';

export interface PageSettlement {
  page: number;
  outcome: 'completed' | 'gone' | 'skipped' | 'dead';
  rows: number;
  quarantined: number;
  /** JSON of FollowedLink[]. */
  followed?: string | undefined;
  readBy?: ReadBy | undefined;
}

/** How a completed page was read, of a target that leaves a choice: by a short cut, carried over, or why it was rendered. */
const READ_BY = [
  'soft',
  'carried',
  'learning',
  'sample',
  'doubt',
  'session',
  'retry',
  'not-learned',
  'off',
] as const;
export type ReadBy = (typeof READ_BY)[number];

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
  /** Of those completed; what was not counted is not there. */
  readBy: Partial<Record<ReadBy, number>>;
}

const COUNTS: readonly Exclude<keyof PageCounts, 'readBy'>[] = [
  'completed',
  'gone',
  'skipped',
  'dead',
  'rows',
  'quarantined',
  'empty',
  'retries',
];
/** As they stand at the batch's state. */
export const COUNT_FIELDS: readonly string[] = [...COUNTS, ...READ_BY.map((by) => `by:${by}`)];

export interface PageStanding {
  /** What is asked of the batch. */
  control: BatchControl;
  isSettled: boolean;
}

export interface PageLedger {
  /** Counts the page once, whoever settles it and however often. True when this call did it. */
  settle(settlement: PageSettlement): Promise<boolean>;
  /** What there is to know before a page is begun. */
  standing(page: number): Promise<PageStanding>;
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
  /**
   * `mark`: what stands at the batch's state. Throws REDIS_UNAVAILABLE when what was counted since `clear` is gone, or
   * another process began anew.
   */
  assertOwn(mark: string | undefined): void;
}

/** KEYS settled, state, followed; ARGV for each page: number, outcome, rows, quarantined, followed and read by ('' for none). */
const SETTLE = `
local did, sums = {}, {}
local function count(name, by)
  if by ~= 0 then sums[name] = (sums[name] or 0) + by end
end
for at = 1, #ARGV, 6 do
  local page, outcome, rows, quarantined, followed, by = unpack(ARGV, at, at + 5)
  if redis.call('SETBIT', KEYS[1], page, 1) == 1 then did[#did + 1] = 0
  else
    did[#did + 1] = 1
    count(outcome, 1)
    count('rows', tonumber(rows))
    count('quarantined', tonumber(quarantined))
    if by ~= '' then count('by:' .. by, 1) end
    if followed ~= '' then redis.call('HSET', KEYS[3], page, followed)
    elseif outcome == 'completed' and rows == '0' and quarantined == '0' then count('empty', 1) end
  end
end
for name, by in pairs(sums) do redis.call('HINCRBY', KEYS[2], name, by) end
return did`;

/** KEYS state, settled; ARGV pages. */
const STANDING = `
local standing = { redis.call('HGET', KEYS[1], 'control') or '' }
for at = 1, #ARGV do standing[at + 1] = redis.call('GETBIT', KEYS[2], ARGV[at]) end
return standing`;

/** Of the values of `COUNT_FIELDS`, as Redis has them. */
export function countsOf(values: readonly (string | null)[]): PageCounts {
  const counted = (at: number): number => Number(values[at] ?? 0);
  const readBy = READ_BY.map((by, at) => [by, counted(COUNTS.length + at)] as const);
  return {
    ...(Object.fromEntries(COUNTS.map((name, at) => [name, counted(at)])) as Omit<PageCounts, 'readBy'>),
    readBy: Object.fromEntries(readBy.filter(([, pages]) => pages > 0)),
  };
}

export function createPageLedger(client: Redis, batch: string): PageLedger {
  const keys = batchKeys(batch);
  let own = '';
  const settleAll = scriptOn<number[]>(client, { name: 'threshSettle', keys: 3, lua: SETTLE });
  const standingOf = scriptOn<[string, ...number[]]>(client, {
    name: 'threshStanding',
    keys: 2,
    lua: STANDING,
  });
  const settle = inCompany(async (settlements: PageSettlement[]) => {
    const args = settlements.flatMap(({ page, outcome, rows, quarantined, followed = '', readBy = '' }) => [
      page,
      outcome,
      rows,
      quarantined,
      followed,
      readBy,
    ]);
    const did = await settleAll(keys.settled, keys.state, keys.followed, ...args);
    return did.map((one) => one === 1);
  });
  const standing = inCompany(async (pages: number[]): Promise<PageStanding[]> => {
    const [asked, ...bits] = await standingOf(keys.state, keys.settled, ...pages);
    const control = controlOf(asked);
    return bits.map((bit) => ({ control, isSettled: bit === 1 }));
  });
  return {
    settle,
    standing,
    settledBits(from, bytes) {
      return client.getrangeBuffer(keys.settled, from / 8, from / 8 + bytes - 1);
    },
    async countRetry() {
      await client.hincrby(keys.state, 'retries', 1);
    },
    async counts() {
      return countsOf(await client.hmget(keys.state, ...COUNT_FIELDS));
    },
    async followedByAny(pages) {
      if (pages.length === 0) return [];
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
    assertOwn(mark) {
      if (mark !== own) throw lost('Redis lost what it knew of the batch');
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
  await client.hdel(keys.state, ...COUNT_FIELDS);
  for await (const found of client.scanStream({ match: keys.seenPattern, count: 1_000 }) as AsyncIterable<
    string[]
  >) {
    if (found.length > 0) await client.unlink(...found);
  }
}
