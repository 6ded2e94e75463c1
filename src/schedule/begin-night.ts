/** A target's time has come: whether a batch begins now, later or not at all, and which date it is for. */
import { loadChecked } from '../batch/context.js';
import { isEnd, lastEntry } from '../batch/journal.js';
import { dateIn, openBatch } from '../batch/open-batch.js';
import { batchFiles, listSpecs } from '../batch/spec.js';
import { steer } from '../batch/steer.js';
import { isThreshError, reasonOf } from '../errors.js';
import type { NightJob } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import type { OnNightEvent } from './events.js';
import { nextRuns } from './next-runs.js';
import type { Schedule } from './schedules.js';

export interface NightDeps {
  home: string;
  redis: RedisHandle;
  /** Where a target's datasets go that names no place of its own: absolute, or `s3://…`. */
  outOf: (deliverTo: string | undefined) => string;
  onEvent: OnNightEvent;
}

export interface Night extends NightJob {
  /** Epoch ms. */
  dueMs: number;
  /** Another night of the target waits already. */
  isSecond: boolean;
}

export type NightOutcome = { done: true } | { done: false; afterMs: number };

/** Later than this nobody was there at the time. */
const LATE_MS = 5 * 60_000;
const LOOK_AGAIN_MS = 2_000;
/** Times between the one that was missed and now that are counted. */
const MOST_MISSED = 1_000;
const DONE: NightOutcome = { done: true };

/** Never throws but for bugs of ours and a Redis that is away. */
export async function beginNight(night: Night, deps: NightDeps): Promise<NightOutcome> {
  const { home, redis, onEvent } = deps;
  const { target: name } = night;
  const due = new Date(night.dueMs).toISOString();
  try {
    const target = await loadChecked(night.file);
    const { schedule, deliver } = target.definition;
    if (schedule === undefined || target.definition.name !== name) return DONE; // it was changed just now
    const at = latestDue(night, schedule, deps);
    if (at === undefined) return DONE;
    const running = await runningBatch(home, name);
    if (running !== undefined) return await overlapped(night, schedule, { running, due, deps });
    const date = dateIn(schedule.tz, new Date(at));
    const { spec } = await openBatch({ home, target, date, out: deps.outOf(deliver?.to) }, redis);
    onEvent({
      kind: 'night.began',
      target: name,
      batch: spec.id,
      date,
      due,
      lateMs: Date.now() - night.dueMs,
    });
  } catch (error) {
    if (!isThreshError(error) && !isOfTheDisk(error)) throw error;
    onEvent({ kind: 'night.failed', target: name, due, reason: reasonOf(error) });
  }
  return DONE;
}

/** The last time that is due by now, epoch ms; undefined when what was missed is not to be made up for. */
function latestDue(night: Night, { cron, tz, missed }: Schedule, { onEvent }: NightDeps): number | undefined {
  const { target, dueMs, waitsSinceMs } = night;
  const lateMs = Date.now() - dueMs;
  if (waitsSinceMs !== undefined || lateMs < LATE_MS) return dueMs;
  const more = nextRuns(cron, tz, dueMs, MOST_MISSED).filter((at) => at <= Date.now());
  const skipped = missed === 'skip';
  const due = new Date(dueMs).toISOString();
  onEvent({ kind: 'night.missed', target, due, lateMs, missed: more.length, skipped });
  return skipped ? undefined : (more.at(-1) ?? dueMs);
}

async function overlapped(
  { target, waitsSinceMs, isSecond }: Night,
  { overlap }: Schedule,
  { running, due, deps }: { running: string; due: string; deps: NightDeps },
): Promise<NightOutcome> {
  if (overlap === 'skip' || isSecond) {
    deps.onEvent({ kind: 'night.skipped', target, due, running });
    return DONE;
  }
  if (waitsSinceMs === undefined) {
    if (overlap === 'cancel') await cancel(running, deps);
    const kind = overlap === 'cancel' ? 'night.cancelled-last' : 'night.queued';
    deps.onEvent({ kind, target, due, running });
  }
  return { done: false, afterMs: LOOK_AGAIN_MS };
}

/** It may have ended just now. */
async function cancel(batch: string, { home, redis }: NightDeps): Promise<void> {
  await steer(home, batch, 'cancel', redis).catch((error: unknown) => {
    if (!isThreshError(error)) throw error;
  });
}

/** A batch of the target that has not ended. */
async function runningBatch(home: string, target: string): Promise<string | undefined> {
  for (const { id, target: its } of await listSpecs(home)) {
    if (its !== target) continue;
    const entry = await lastEntry(batchFiles(home, id).journal);
    if (entry === undefined || !isEnd(entry.state)) return id;
  }
  return undefined;
}

function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
