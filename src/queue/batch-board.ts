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
  setControl(control: BatchControl): Promise<void>;
  /** JSON of the last snapshot, for `status`. */
  snapshot(): Promise<string | undefined>;
  setSnapshot(json: string): Promise<void>;
  overloadedAt(): Promise<number>;
  noteOverload(nowMs: number): Promise<void>;
}

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
      await client.hset(state, 'control', control);
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
