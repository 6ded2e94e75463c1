/**
 * A process's worker for the jobs by which large datasets of a target are built: one at a time, so that what it takes is
 * one partition's memory. A job may be done twice, by two processes at once: it writes the same. So whoever takes one that
 * stalled need not know what became of the first.
 */
import { type Job, Worker } from 'bullmq';
import { isThreshError, reasonOf } from '../errors.js';
import { PREFIX, partitionQueue } from '../queue/keys.js';
import type { PartitionJob } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import { isRedisTrouble } from '../queue/trouble.js';
import { StoreTrouble } from '../store/object-store.js';
import { type BatchContext, OtherCode } from './context.js';
import type { OnBatchEvent } from './events.js';
import { giveBack } from './give-back.js';
import { type BatchState, isEnd } from './journal.js';
import { openPartitionObjects, type PartitionObjects } from './partition-objects.js';
import { PLAN_VERSION, type Plan } from './partition-plan.js';
import { doPartitionWork } from './partition-work.js';

export interface PartitionCrewOptions {
  /** Whose datasets. */
  lane: string;
  redis: RedisHandle;
  contextOf: (batch: string) => Promise<BatchContext>;
  onEvent: OnBatchEvent;
  /** Aborts when the process stops: what it is at is given back, and begun anew by another one. */
  signal: AbortSignal;
}

const LOCK_MS = 10_000;
const RENEW_MS = 2_500;
const STALLED_LOOK_MS = 2_500;
const OTHER_CODE_MS = 1_000;
const AWAY_MS = 1_000;

export function createPartitionCrew(options: PartitionCrewOptions): { close(): Promise<void> } {
  const { lane, redis, contextOf, onEvent, signal } = options;

  async function work(job: Job<PartitionJob>, token: string | undefined): Promise<void> {
    try {
      const context = await contextOf(job.data.batch);
      const now = await context.standing();
      if (now === undefined || isEnd(now as BatchState)) return; // left over from a batch that has ended
      await context.hindrance.outwait(() => doOnce(job.data, context), { signal });
    } catch (error) {
      if (signal.aborted) return giveBack(job, token, 1);
      if (error instanceof OtherCode) return giveBack(job, token, OTHER_CODE_MS); // for a worker that has its code
      if (isRedisTrouble(error) || error instanceof StoreTrouble) return giveBack(job, token, AWAY_MS);
      // It is the batch's runner that reads it.
      const mend = isThreshError(error) && error.mend !== undefined ? ` (${error.mend})` : '';
      throw new Error(`${reasonOf(error)}${mend}`, { cause: error });
    }
  }

  async function doOnce({ batch, plan: planId, work, number }: PartitionJob, context: BatchContext) {
    const { share } = context;
    if (share === undefined) throw new OtherCode('it has a store, and this process has none');
    const objects = openPartitionObjects(share, planId);
    const plan = await knownPlan(objects);
    if (plan === undefined || (await objects.done(work)).has(number)) return;
    onEvent({ kind: 'partition.began', batch, work, number });
    await doPartitionWork(work, number, { ...context, plan, objects, signal });
    onEvent({ kind: 'partition.ended', batch, work, number });
  }

  const worker = new Worker<PartitionJob>(partitionQueue(lane), work, {
    connection: redis.connection,
    prefix: PREFIX,
    concurrency: 1,
    lockDuration: LOCK_MS,
    lockRenewTime: RENEW_MS,
    stalledInterval: STALLED_LOOK_MS,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    drainDelay: 1,
  });
  worker.on('error', () => undefined); // lost links are told by the handle's own client
  return { close: () => worker.close() };
}

/** Undefined when it was removed with all that was done by it. */
async function knownPlan(objects: PartitionObjects): Promise<Plan | undefined> {
  const plan = await objects.plan();
  if (plan !== undefined && plan.version !== PLAN_VERSION)
    throw new OtherCode(`its dataset is built by another version of Thresh`);
  return plan;
}
