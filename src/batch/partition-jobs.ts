/** The jobs of a plan, from the side of who runs the batch: put into the farm's queue until each has told what it did. */
import { setTimeout as delay } from 'node:timers/promises';
import { ThreshError } from '../errors.js';
import { partitionJobId } from '../queue/keys.js';
import type { PartitionJob } from '../queue/queues.js';
import type { PartitionObjects, PartitionWork } from './partition-objects.js';
import type { Plan } from './partition-plan.js';
import type { Running } from './running.js';

export interface PartitionJobs {
  /** Resolves when all jobs of the kind are done. Throws DATASET_FAILED for one that failed, and the signal's reason. */
  allDone(work: PartitionWork, count: number): Promise<void>;
}

export interface PartitionJobsOptions {
  deps: Pick<Running, 'spec' | 'partitionQueue' | 'signal'>;
  plan: Plan;
  objects: PartitionObjects;
  /** Told at each look how many are done. */
  onProgress(work: PartitionWork, done: number): Promise<void>;
}

const LOOK_MS = 1_000;
/** A Redis that lost its memory lost the jobs: those that are not done are put in again, which changes nothing for the others. */
const LOOKS_A_PUT = 5;
const AT_ONCE = 500;
/** Whoever runs the batch reads why it failed; nobody does of a batch that has ended. */
const removeOnFail = { age: 24 * 3_600 };

export function createPartitionJobs(options: PartitionJobsOptions): PartitionJobs {
  const { deps, plan, objects, onProgress } = options;
  const { spec, partitionQueue: queue, signal } = deps;
  if (queue === undefined) throw new Error('there is no store that a dataset could be built from');
  const isOurs = ({ data }: { data: PartitionJob }): boolean =>
    data.batch === spec.id && data.plan === plan.id;

  async function put(work: PartitionWork, missing: readonly number[]): Promise<void> {
    for (let at = 0; at < missing.length; at += AT_ONCE)
      await queue?.addBulk(
        missing.slice(at, at + AT_ONCE).map((number) => {
          const data = { batch: spec.id, plan: plan.id, work, number };
          return {
            name: work,
            data,
            opts: { jobId: partitionJobId(data), removeOnComplete: true, removeOnFail },
          };
        }),
      );
  }

  /** Forgets them: whoever runs the batch again tries them again. Returns why one failed. */
  async function takeFailure(): Promise<string | undefined> {
    const failed = ((await queue?.getFailed()) ?? []).filter(isOurs);
    for (const job of failed) await job.remove();
    return failed[0]?.failedReason;
  }

  return {
    async allDone(work, count) {
      await takeFailure(); // of an earlier run
      for (let look = 0; ; look += 1) {
        signal.throwIfAborted();
        const done = await objects.done(work);
        await onProgress(work, done.size);
        const missing = Array.from({ length: count }, (_, number) => number).filter((one) => !done.has(one));
        if (missing.length === 0) return;
        const reason = await takeFailure();
        if (reason !== undefined)
          throw new ThreshError(`a part of the dataset could not be built: ${reason}`, {
            code: 'DATASET_FAILED',
            scope: 'batch',
          });
        if (look % LOOKS_A_PUT === 0) await put(work, missing);
        await delay(LOOK_MS, undefined, { signal });
      }
    },
  };
}
