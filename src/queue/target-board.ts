/**
 * What the processes of a farm tell each other about a target: what their pages showed of it, who governs its
 * throttle, what was decided. Samples and decisions may be lost with Redis; the throttle goes on from what comes next.
 */
import type { Redis } from 'ioredis';
import type { PageSample } from '../throttle/page-sample.js';
import { inCompany } from './in-company.js';
import { targetKeys } from './keys.js';

/** What workers need to know of the throttle's last decision. */
export interface TargetHealth {
  circuit: 'closed' | 'open';
  /** Epoch ms at which the target last served a page; 0 for never. */
  servedAtMs: number;
}

export interface TargetBoard {
  /** By workers, once an attempt. */
  report(sample: PageSample): Promise<void>;
  /** By whoever governs: all samples since the last call. */
  takeSamples(): Promise<PageSample[]>;
  /** True while `who` governs the target's throttle; to be called more often than every `GOVERN_MS`. */
  govern(who: string): Promise<boolean>;
  giveUpGoverning(who: string): Promise<void>;
  health(): Promise<TargetHealth>;
  /** JSON of the last decision; undefined where nobody has decided yet. */
  decision(): Promise<string | undefined>;
  setDecision(decision: { json: string; circuit: 'closed' | 'open'; retryGapMs: number }): Promise<void>;
  /** JSON of what was learned of the target, for whoever governs next. */
  learned(): Promise<string | undefined>;
  setLearned(json: string): Promise<void>;
  /** What a batch needs of the target, JSON; the farm's needs are the sum. */
  setNeed(batch: string, json: string | undefined): Promise<void>;
  needs(): Promise<string[]>;
  /** Epoch ms at which one retry may start, not before `earliestMs`: the place that it has in the target's budget. */
  reserveRetry(earliestMs: number): Promise<number>;
}

/** A governor that is not heard of for so long has died, ms. */
const GOVERN_MS = 3_000;
const MAX_SAMPLES = 10_000;
/** Retries that may come at once before the budget spreads them. */
const RETRY_BURST = 10;
const FIRST_RETRY_GAP_MS = 1_000;

/** KEYS governor; ARGV who, ttl. */
const GOVERN = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** KEYS governor; ARGV who. */
const GIVE_UP = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** The generic cell rate algorithm (ITU-T I.371). KEYS state; ARGV earliest, burst, gap where nothing is decided. */
const RESERVE_RETRY = `
local gap = tonumber(redis.call('HGET', KEYS[1], 'retryGapMs') or ARGV[3])
local earliest = tonumber(ARGV[1])
local due = math.max(tonumber(redis.call('HGET', KEYS[1], 'retriesDueMs') or '0'), earliest)
redis.call('HSET', KEYS[1], 'retriesDueMs', string.format('%.0f', due + gap))
return string.format('%.0f', math.max(earliest, due - gap * (tonumber(ARGV[2]) - 1)))`;

export function createTargetBoard(client: Redis, target: string): TargetBoard {
  const { samples, state, governor, needs } = targetKeys(target);
  const report = inCompany(async (reported: PageSample[]) => {
    const listed = reported.map((sample) => JSON.stringify(sample));
    const steps = client
      .multi()
      .rpush(samples, ...listed)
      .ltrim(samples, -MAX_SAMPLES, -1);
    const served = reported.filter(({ answer }) => answer === 'served').map(({ endedAtMs }) => endedAtMs);
    if (served.length > 0) steps.hset(state, 'servedAtMs', Math.max(...served));
    await steps.exec();
    return [];
  });
  return {
    async report(sample) {
      await report(sample);
    },
    async takeSamples() {
      const [listed] = (await client.multi().lrange(samples, 0, -1).del(samples).exec()) ?? [];
      return ((listed?.[1] ?? []) as string[]).map((json) => JSON.parse(json) as PageSample);
    },
    async govern(who) {
      return (await client.eval(GOVERN, 1, governor, who, GOVERN_MS)) === 1;
    },
    async giveUpGoverning(who) {
      await client.eval(GIVE_UP, 1, governor, who);
    },
    async health() {
      const [circuit, servedAtMs] = await client.hmget(state, 'circuit', 'servedAtMs');
      return { circuit: circuit === 'open' ? 'open' : 'closed', servedAtMs: Number(servedAtMs ?? 0) };
    },
    async decision() {
      return (await client.hget(state, 'decision')) ?? undefined;
    },
    async setDecision({ json, circuit, retryGapMs }) {
      await client.hset(state, { decision: json, circuit, retryGapMs: Math.round(retryGapMs) });
    },
    async learned() {
      return (await client.hget(state, 'learned')) ?? undefined;
    },
    async setLearned(json) {
      await client.hset(state, 'learned', json);
    },
    async setNeed(batch, json) {
      if (json === undefined) await client.hdel(needs, batch);
      else await client.multi().hset(needs, batch, json).pexpire(needs, GOVERN_MS).exec();
    },
    needs() {
      return client.hvals(needs);
    },
    async reserveRetry(earliestMs) {
      const at = await client.eval(
        RESERVE_RETRY,
        1,
        state,
        Math.round(earliestMs),
        RETRY_BURST,
        FIRST_RETRY_GAP_MS,
      );
      return Number(at);
    },
  };
}
