/**
 * What a farm's size follows from, as it stands in Redis alone: whoever asks need not hold the files of any batch, nor
 * need a worker live. A batch whose workers all died is reckoned with what it told last.
 */
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createBatchBoard, openBatches } from '../queue/batch-board.js';
import { readDepths } from '../queue/depths.js';
import { readTargetTold } from '../queue/target-board.js';
import { createWorkerBoard, type WorkerStanding } from '../queue/worker-board.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import type { LearnedThrottle } from '../throttle/throttle.js';
import {
  type OpenBatch,
  type TargetLoad,
  type WantedWorkers,
  wantedWorkers,
} from '../throttle/wanted-workers.js';
import { targetOf } from './spec.js';
import type { Governed } from './throttling.js';

export interface ScalingOptions {
  client: Redis;
  /** Of batches that wait for somebody to run them. */
  batches: Queue;
  /** Targets whose night is due. */
  due: readonly string[];
  /** Only this target. */
  target?: string | undefined;
}

/** Pages at once that a worker of two CPUs begins with. */
const SLOTS_UNTOLD = 6;

export async function lookForWorkers({
  client,
  batches,
  due,
  target,
}: ScalingOptions): Promise<WantedWorkers> {
  const [open, waiting, workers] = await Promise.all([
    openBatches(client),
    batches.getRanges(['waiting', 'active', 'delayed', 'prioritized']),
    createWorkerBoard(client).standing(),
  ]);
  const unended = new Map(Object.entries(open));
  for (const batch of waiting) unended.set(batch, targetOf(batch));
  const all = new Set([...unended.values(), ...due]);
  const targets = target === undefined ? [...all].sort() : [target];
  const depths = await readDepths(client, targets);
  const loads = await Promise.all(
    targets.map(async (name, at): Promise<TargetLoad> => {
      const ours = [...unended].filter(([, of]) => of === name).map(([batch]) => batch);
      const { waiting: ready = 0, delayed = 0, prioritized = 0, active = 0 } = depths[at] ?? {};
      return {
        target: name,
        waiting: ready + delayed + prioritized,
        active,
        batches: await Promise.all(ours.map((batch) => openBatchOf(client, batch))),
        isDue: due.includes(name),
        ...(await boundsOf(client, name)),
        slotsAWorker: slotsAWorker(workers, name),
      };
    }),
  );
  return wantedWorkers(loads, Date.now());
}

async function openBatchOf(client: Redis, batch: string): Promise<OpenBatch> {
  const json = await createBatchBoard(client, batch).snapshot();
  if (json === undefined) return {};
  const { state, pages, outlook, p50Ms } = JSON.parse(json) as BatchSnapshot;
  if (state !== 'fetching') return {};
  return {
    fetching: {
      left: pages.unfinished,
      ...(outlook === undefined ? {} : { outlook }),
      ...(p50Ms === undefined ? {} : { pageMs: p50Ms }),
    },
  };
}

/** As of the last decision; before the first one, what was learned on other nights. */
async function boundsOf(client: Redis, target: string): Promise<Pick<TargetLoad, 'bears' | 'perSecond'>> {
  const told = await readTargetTold(client, target);
  const decision = told.decision === undefined ? undefined : (JSON.parse(told.decision) as Governed);
  const learned = told.learned === undefined ? undefined : (JSON.parse(told.learned) as LearnedThrottle);
  const bears = decision?.bearable ?? learned?.limit;
  const perSecond = learned?.perSecond;
  return { ...(bears === undefined ? {} : { bears }), ...(perSecond === undefined ? {} : { perSecond }) };
}

/** The mean of those that work for the target, else of all: any of them may come to. */
function slotsAWorker(workers: readonly WorkerStanding[], target: string): number {
  const its = workers.filter(({ targets }) => targets[target] !== undefined);
  const told = its.length > 0 ? its : workers;
  if (told.length === 0) return SLOTS_UNTOLD;
  return Math.max(1, told.reduce((sum, { slots }) => sum + slots, 0) / told.length);
}
