/**
 * What the processes of a farm tell each other about a batch while it runs: where it stands, what a person asked of
 * it. Gone when the batch has ended; its files are the record.
 */
import type { Redis } from 'ioredis';
import { batchKeys, OPEN_BATCHES } from './keys.js';

export type BatchControl = 'run' | 'pause' | 'cancel';

export interface BatchBoard {
  open(target: string): Promise<void>;
  close(): Promise<void>;
  /** What a person asks for. */
  setControl(control: BatchControl): Promise<void>;
  /** The farm's own pause: only of a batch of which nothing else was asked. */
  pauseFor(reason: string): Promise<void>;
  /** The state that the batch is in, for workers on other machines than its journal's. */
  state(): Promise<string | undefined>;
  setState(state: string): Promise<void>;
  /** JSON of the last snapshot, for `status`. */
  snapshot(): Promise<string | undefined>;
  setSnapshot(json: string): Promise<void>;
  /** What somebody who works on the batch waits for; undefined when they go on. To be repeated while it lasts. */
  noteWait(who: string, reason: string | undefined): Promise<void>;
  /** What is waited for now, by any of them; undefined when all go on. */
  waitsFor(): Promise<string | undefined>;
  forgetWaits(): Promise<void>;
}

/** Whoever was killed while it waited says no more; an attempt at aggregating may take this long. */
const WAIT_KNOWN_MS = 10 * 60_000;

/** KEYS state; ARGV reason. */
const PAUSE_FOR = `
local control = redis.call('HGET', KEYS[1], 'control')
if control == 'pause' or control == 'cancel' then return end
redis.call('HSET', KEYS[1], 'control', 'pause', 'pausedFor', ARGV[1])`;

export function createBatchBoard(client: Redis, batch: string): BatchBoard {
  const { state, waits } = batchKeys(batch);
  return {
    async open(target) {
      await client.hset(OPEN_BATCHES, batch, target);
    },
    async close() {
      await client.hdel(OPEN_BATCHES, batch);
      await client.del(state, waits);
    },
    async setControl(control) {
      await client.multi().hset(state, 'control', control).hdel(state, 'pausedFor').exec();
    },
    async pauseFor(reason) {
      await client.eval(PAUSE_FOR, 1, state, reason);
    },
    async state() {
      return (await client.hget(state, 'now')) ?? undefined;
    },
    async setState(now) {
      await client.hset(state, 'now', now);
    },
    async snapshot() {
      return (await client.hget(state, 'snapshot')) ?? undefined;
    },
    async setSnapshot(json) {
      await client.hset(state, 'snapshot', json);
    },
    async noteWait(who, reason) {
      if (reason === undefined) await client.hdel(waits, who);
      else await client.multi().hset(waits, who, reason).pexpire(waits, WAIT_KNOWN_MS).exec();
    },
    async waitsFor() {
      return (await client.hvals(waits))[0];
    },
    async forgetWaits() {
      await client.del(waits);
    },
  };
}

/** Of what stands at a batch's state. */
export function controlOf(value: string | null | undefined): BatchControl {
  return value === 'pause' || value === 'cancel' ? value : 'run';
}

/** Batch id to target name of all batches that have not ended. */
export function openBatches(client: Redis): Promise<Record<string, string>> {
  return client.hgetall(OPEN_BATCHES);
}
