/**
 * What the processes of a farm tell each other about a target: what their pages showed of it, who governs its
 * throttle, what was decided. Samples and decisions may be lost with Redis; the throttle goes on from what comes next.
 *
 * A process has one board a target: what is reported where the target is governed does not go round by Redis.
 */
import type { Redis } from 'ioredis';
import type { PageSample } from '../throttle/page-sample.js';
import { inCompany } from './in-company.js';
import { targetKeys } from './keys.js';
import { scriptOn } from './script.js';

/** What workers need to know of the throttle's last decision. */
export interface TargetHealth {
  circuit: 'closed' | 'open';
  /** Epoch ms at which the target last served a page; 0 for never. */
  servedAtMs: number;
}

export interface Told {
  /** Names the process's part among all that could govern. */
  who: string;
  batch: string;
  /** What the batch needs of the target, JSON. Undefined: what it told last still holds, and it told it lately. */
  need: string | undefined;
}

export interface TargetBeat {
  /** One does at a time. */
  governs: boolean;
  /** For whoever governs: all since the last beat. */
  samples: PageSample[];
  /** For whoever governs: what the target's batches need, JSON by batch. */
  needs: Map<string, string>;
  /** For the others: JSON of the last decision; undefined where nobody has decided yet. */
  decision: string | undefined;
}

export interface TargetBoard {
  /** By workers, once an attempt. */
  report(sample: PageSample): Promise<void>;
  /**
   * By each batch that fetches from the target, more often than every `GOVERN_MS`: tells what it needs and hears what
   * there is to govern by, when it is the one that governs.
   */
  beat(told: Told): Promise<TargetBeat>;
  /** The batch needs nothing more, and another may govern. */
  leave(who: Pick<Told, 'who' | 'batch'>): Promise<void>;
  health(): Promise<TargetHealth>;
  setDecision(decision: { json: string; circuit: 'closed' | 'open'; retryGapMs: number }): Promise<void>;
  /** JSON of what was learned of the target, for whoever governs next. */
  learned(): Promise<string | undefined>;
  setLearned(json: string): Promise<void>;
  /** Epoch ms at which one retry may start, not before `earliestMs`: the place that it has in the target's budget. */
  reserveRetry(earliestMs: number): Promise<number>;
}

/** A governor that is not heard of for so long has died, ms. */
const GOVERN_MS = 3_000;
const RENEW_AFTER_MS = 1_000;
const MAX_SAMPLES = 10_000;
/** Retries that may come at once before the budget spreads them. */
const RETRY_BURST = 10;
const FIRST_RETRY_GAP_MS = 1_000;

/** KEYS samples, state; ARGV most, when the last one was served ('' for none), samples. */
const REPORT = `
if redis.call('RPUSH', KEYS[1], unpack(ARGV, 3)) > tonumber(ARGV[1]) then redis.call('LTRIM', KEYS[1], -ARGV[1], -1) end
if ARGV[2] ~= '' then redis.call('HSET', KEYS[2], 'servedAtMs', ARGV[2]) end`;

/**
 * KEYS governor, needs, samples, state; ARGV who, ttl, how old a hold is renewed, batch, its need ('' for as it was),
 * when the last one was served ('' for none since).
 */
const BEAT = `
local who, ttl = ARGV[1], tonumber(ARGV[2])
if ARGV[6] ~= '' then redis.call('HSET', KEYS[4], 'servedAtMs', ARGV[6]) end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[5])
  redis.call('PEXPIRE', KEYS[2], ttl)
end
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= who then return { 0, redis.call('HGET', KEYS[4], 'decision') or '' } end
if not holder or redis.call('PTTL', KEYS[1]) < ttl - ARGV[3] then redis.call('SET', KEYS[1], who, 'PX', ttl) end
local samples = redis.call('LRANGE', KEYS[3], 0, -1)
if #samples > 0 then redis.call('DEL', KEYS[3]) end
return { 1, '', samples, redis.call('HGETALL', KEYS[2]) }`;

/** KEYS governor, needs; ARGV who, batch. */
const LEAVE = `
redis.call('HDEL', KEYS[2], ARGV[2])
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** The generic cell rate algorithm (ITU-T I.371). KEYS state; ARGV earliest, burst, gap where nothing is decided. */
const RESERVE_RETRY = `
local gap = tonumber(redis.call('HGET', KEYS[1], 'retryGapMs') or ARGV[3])
local earliest = tonumber(ARGV[1])
local due = math.max(tonumber(redis.call('HGET', KEYS[1], 'retriesDueMs') or '0'), earliest)
redis.call('HSET', KEYS[1], 'retriesDueMs', string.format('%.0f', due + gap))
return string.format('%.0f', math.max(earliest, due - gap * (tonumber(ARGV[2]) - 1)))`;

export function createTargetBoard(client: Redis, target: string): TargetBoard {
  const { samples, state, governor, needs } = targetKeys(target);
  const rpush = scriptOn<null>(client, { name: 'threshReport', keys: 2, lua: REPORT });
  const beat = scriptOn<[number, string, string[]?, string[]?]>(client, {
    name: 'threshBeat',
    keys: 4,
    lua: BEAT,
  });
  const report = inCompany(async (reported: PageSample[]) => {
    const listed = reported.map((sample) => JSON.stringify(sample));
    await rpush(samples, state, MAX_SAMPLES, lastServed(reported) ?? '', ...listed);
    return [];
  });
  /** Who governs within this process, and when it was last known to. */
  let here: { who: string; atMs: number } | undefined;
  let kept: PageSample[] = [];
  let servedHereAtMs = 0;

  /** What was kept for a governor that is none any more. */
  async function passOn(): Promise<void> {
    here = undefined;
    const reported = kept;
    kept = [];
    await Promise.all(reported.map(report));
  }

  return {
    async report(sample) {
      if (sample.answer === 'served') servedHereAtMs = Math.max(servedHereAtMs, sample.endedAtMs);
      const isGoverned = here !== undefined && performance.now() - here.atMs < GOVERN_MS;
      if (isGoverned && kept.length < MAX_SAMPLES) kept.push(sample);
      else await report(sample);
    },
    async beat({ who, batch, need = '' }) {
      const reported = here?.who === who ? kept : [];
      if (here?.who === who) kept = [];
      const [governs, decision, listed = [], told = []] = await beat(
        ...[governor, needs, samples, state],
        ...[who, GOVERN_MS, RENEW_AFTER_MS, batch, need, lastServed(reported) ?? ''],
      );
      if (governs === 1) here = { who, atMs: performance.now() };
      else if (here?.who === who) {
        kept = [...reported, ...kept];
        await passOn();
      }
      const needed = new Map<string, string>();
      for (let at = 0; at < told.length; at += 2) needed.set(told[at] ?? '', told[at + 1] ?? '');
      return {
        governs: governs === 1,
        samples: governs === 1 ? [...listed.map((json) => JSON.parse(json) as PageSample), ...reported] : [],
        needs: needed,
        decision: decision || undefined,
      };
    },
    async leave({ who, batch }) {
      if (here?.who === who) await passOn();
      await client.eval(LEAVE, 2, governor, needs, who, batch);
    },
    async health() {
      const [circuit, servedAtMs] = await client.hmget(state, 'circuit', 'servedAtMs');
      return {
        circuit: circuit === 'open' ? 'open' : 'closed',
        servedAtMs: Math.max(servedHereAtMs, Number(servedAtMs ?? 0)),
      };
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

/** The last decision and what was learned, JSON, for whoever only looks. */
export async function readTargetTold(
  client: Redis,
  target: string,
): Promise<{ decision: string | undefined; learned: string | undefined }> {
  const [decision, learned] = await client.hmget(targetKeys(target).state, 'decision', 'learned');
  return { decision: decision ?? undefined, learned: learned ?? undefined };
}

/** Epoch ms; undefined when none of them was. */
function lastServed(samples: readonly PageSample[]): number | undefined {
  const served = samples.filter(({ answer }) => answer === 'served').map(({ endedAtMs }) => endedAtMs);
  return served.length > 0 ? Math.max(...served) : undefined;
}
