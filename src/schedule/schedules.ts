/**
 * The targets' schedules as BullMQ's job schedulers: one a target, named like it. The folder of targets is what holds;
 * here it is compared with what stands in Redis, and Redis is brought in step.
 */
import type { RepeatStrategy } from 'bullmq';
import { loadChecked } from '../batch/context.js';
import { isThreshError } from '../errors.js';
import { SCHEDULES_OFF } from '../queue/keys.js';
import { type NightJob, openNightQueue } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import type { ResolvedTarget } from '../target/defaults.js';
import { listTargets } from '../target/find.js';
import { nextRun } from './next-runs.js';

export type Schedule = NonNullable<ResolvedTarget['schedule']>;

/** What BullMQ's workers and queues of schedules are to be given. */
export const repeatStrategy: RepeatStrategy = (afterMs, { pattern = '', tz = 'UTC' }) =>
  nextRun(pattern, tz, afterMs);

/** As the folder of targets says. */
export interface Wanted {
  target: string;
  /** Absolute. */
  file: string;
  schedule: Schedule;
}

/** A target's file that says nothing: it cannot be loaded. */
export interface Refused {
  target: string;
  file: string;
  reason: string;
}

/** As it stands in Redis. */
export interface Standing {
  target: string;
  file: string;
  cron: string;
  tz: string;
  /** Epoch ms; in the past while its job waits for a worker. */
  nextMs: number | undefined;
}

export type Change =
  | { kind: 'add'; target: string; to: Wanted }
  | { kind: 'change'; target: string; from: Standing; to: Wanted }
  | { kind: 'remove'; target: string; from: Standing };

/** The schedules of a folder of targets. Never throws for a target that is wrong. */
export async function readWanted(targetsDir: string): Promise<{ wanted: Wanted[]; refused: Refused[] }> {
  const wanted: Wanted[] = [];
  const refused: Refused[] = [];
  for (const { name, file } of await listTargets(targetsDir)) {
    try {
      const { definition } = await loadChecked(file);
      if (definition.schedule !== undefined)
        wanted.push({ target: definition.name, file, schedule: definition.schedule });
    } catch (error) {
      if (!isThreshError(error)) throw error;
      refused.push({ target: name, file, reason: error.message });
    }
  }
  return { wanted, refused };
}

/** In the order of the targets' names. */
export async function readStanding(redis: RedisHandle): Promise<Standing[]> {
  const queue = openNightQueue(redis, repeatStrategy);
  try {
    const schedulers = await queue.getJobSchedulers(0, -1, true);
    return schedulers
      .map(({ key, next, pattern = '', tz = 'UTC', template }) => ({
        target: key,
        file: (template?.data as NightJob | undefined)?.file ?? '',
        cron: pattern,
        tz,
        nextMs: next ?? undefined,
      }))
      .sort((a, b) => (a.target < b.target ? -1 : 1));
  } finally {
    await queue.close();
  }
}

/**
 * What is to be done for Redis to say what the folder says. A schedule goes when `mayRemove` holds for it; one whose
 * file cannot be loaded stays as it is.
 */
export function changesOf(
  { wanted, refused }: { wanted: readonly Wanted[]; refused: readonly Refused[] },
  standing: readonly Standing[],
  mayRemove: (one: Standing) => boolean,
): Change[] {
  const changes: Change[] = [];
  for (const to of wanted) {
    const from = standing.find(({ target }) => target === to.target);
    if (from === undefined) changes.push({ kind: 'add', target: to.target, to });
    else if (from.cron !== to.schedule.cron || from.tz !== to.schedule.tz || from.file !== to.file)
      changes.push({ kind: 'change', target: to.target, from, to });
  }
  for (const from of standing) {
    const isThere = wanted.some(({ target }) => target === from.target);
    const isUnclear = refused.some(({ target, file }) => target === from.target || file === from.file);
    if (!isThere && !isUnclear && mayRemove(from))
      changes.push({ kind: 'remove', target: from.target, from });
  }
  return changes.sort((a, b) => (a.target < b.target ? -1 : 1));
}

export async function applyChanges(changes: readonly Change[], redis: RedisHandle): Promise<void> {
  const queue = openNightQueue(redis, repeatStrategy);
  try {
    for (const change of changes) {
      if (change.kind === 'remove') await queue.removeJobScheduler(change.target);
      else {
        const { target, file, schedule } = change.to;
        const data: NightJob = { target, file };
        await queue.upsertJobScheduler(
          target,
          { pattern: schedule.cron, tz: schedule.tz },
          { name: 'night', data, opts: { removeOnComplete: true, removeOnFail: true } },
        );
      }
    }
  } finally {
    await queue.close();
  }
}

/** Taken off by a person: no worker puts it back. False when it has none. */
export async function takeOff(target: string, redis: RedisHandle): Promise<boolean> {
  await redis.client.sadd(SCHEDULES_OFF, target);
  const queue = openNightQueue(redis, repeatStrategy);
  try {
    return await queue.removeJobScheduler(target);
  } finally {
    await queue.close();
  }
}

export async function takenOff(redis: RedisHandle): Promise<Set<string>> {
  return new Set(await redis.client.smembers(SCHEDULES_OFF));
}

export async function putBack(targets: readonly string[], redis: RedisHandle): Promise<void> {
  if (targets.length > 0) await redis.client.srem(SCHEDULES_OFF, ...targets);
}
