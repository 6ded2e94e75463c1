/**
 * What the processes of a farm tell each other about a batch while it runs: where it stands, what a person asked of
 * it, when the target was last overloaded. Gone when the batch has ended; its files are the record.
 */
import type { Redis } from 'ioredis';
import { batchKeys, OPEN_BATCHES } from './keys.js';

export type BatchControl = 'run' | 'pause' | 'cancel';

export interface BatchBoard {
  open(target: string): Promise<void>;
  close(): Promise<void>;
  control(): Promise<BatchControl>;
  /** What a person asks for. */
  setControl(control: BatchControl): Promise<void>;
  /** The farm's own pause: only of a batch of which nothing else was asked. */
  pauseFor(reason: string): Promise<void>;
  /** Why the farm itself has paused it; undefined when a person did. */
  pausedFor(): Promise<string | undefined>;
  /** JSON of the last snapshot, for `status`. */
  snapshot(): Promise<string | undefined>;
  setSnapshot(json: string): Promise<void>;
  overloadedAt(): Promise<number>;
  noteOverload(nowMs: number): Promise<void>;
}

/** KEYS state; ARGV reason. */
const PAUSE_FOR = `
local control = redis.call('HGET', KEYS[1], 'control')
if control == 'pause' or control == 'cancel' then return end
redis.call('HSET', KEYS[1], 'control', 'pause', 'pausedFor', ARGV[1])`;

export function createBatchBoard(client: Redis, batch: string): BatchBoard {
  const { state } = batchKeys(batch);
  return {
    async open(target) {
      await client.hset(OPEN_BATCHES, batch, target);
    },
    async close() {
      await client.hdel(OPEN_BATCHES, batch);
      await client.del(state);
    },
    async control() {
      const value = await client.hget(state, 'control');
      return value === 'pause' || value === 'cancel' ? value : 'run';
    },
    async setControl(control) {
      await client.multi().hset(state, 'control', control).hdel(state, 'pausedFor').exec();
    },
    async pauseFor(reason) {
      await client.eval(PAUSE_FOR, 1, state, reason);
    },
    async pausedFor() {
      return (await client.hget(state, 'pausedFor')) ?? undefined;
    },
    async snapshot() {
      return (await client.hget(state, 'snapshot')) ?? undefined;
    },
    async setSnapshot(json) {
      await client.hset(state, 'snapshot', json);
    },
    async overloadedAt() {
      return Number((await client.hget(state, 'overloadedAt')) ?? 0);
    },
    async noteOverload(nowMs) {
      await client.hset(state, 'overloadedAt', nowMs);
    },
  };
}

/** Batch id to target name of all batches that have not ended. */
export function openBatches(client: Redis): Promise<Record<string, string>> {
  return client.hgetall(OPEN_BATCHES);
}
