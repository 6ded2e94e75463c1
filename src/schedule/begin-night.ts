/** A target's time has come: whether a batch begins now, later or not at all, and which date it is for. */
import { loadChecked } from '../batch/context.js';
import { isEnd, lastEntry } from '../batch/journal.js';
import { dateIn, openBatch } from '../batch/open-batch.js';
import type { Share } from '../batch/share.js';
import { batchFiles, listSpecs } from '../batch/spec.js';
import { steer } from '../batch/steer.js';
import { isThreshError, reasonOf } from '../errors.js';
import type { NightJob } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import type { OnNightEvent } from './events.js';
import { runsUntil } from './next-runs.js';
import type { Schedule } from './schedules.js';

export interface NightDeps {
  home: string;
  redis: RedisHandle;
  /** The store of a farm of several machines. */
  share?: Share | undefined;
  /** Where a target's datasets go that names no place of its own: absolute, or `s3://…`. */
  outOf: (deliverTo: string | undefined) => string;
  onEvent: OnNightEvent;
}

export interface Night extends NightJob {
  /** Epoch ms. */
  dueMs: number;
  /** How an earlier night of the target stands that waits for its last batch. */
  elder: () => Promise<Elder>;
}

/** `at hand`: a worker looks at it in this moment. */
export type Elder = 'none' | 'waits' | 'at hand';

/** `waits`: for the target's last batch; otherwise it is looked at once more as if it were due then. */
export type NightOutcome = { done: true } | { done: false; afterMs: number; waits: boolean };

/** Later than this nobody was there at the time. */
const LATE_MS = 5 * 60_000;
const LOOK_AGAIN_MS = 2_000;
/** Times between the one that was missed and now that are counted. */
const MOST_MISSED = 1_000;
const DONE: NightOutcome = { done: true };

/** Never throws but for bugs of ours and a Redis that is away. */
export async function beginNight(night: Night, deps: NightDeps): Promise<NightOutcome> {
  const { home, redis, share, onEvent } = deps;
  const { target: name } = night;
  const due = new Date(night.dueMs).toISOString();
  try {
    const target = await loadChecked(night.file);
    const { schedule, deliver } = target.definition;
    if (schedule === undefined || target.definition.name !== name) return DONE; // it was changed just now
    const at = latestDue(night, schedule, deps);
    if (at === undefined) return DONE;
    const isSecond = (await night.elder()) !== 'none';
    await share?.pullAll(name);
    const running = await runningBatch(home, name);
    // The last one has ended just now: it is the turn of the night that waited for it, or was.
    if (isSecond && (running === undefined || (await night.elder()) !== 'waits'))
      return { done: false, afterMs: LOOK_AGAIN_MS, waits: false };
    if (running !== undefined)
      return await overlapped({ ...night, isSecond }, schedule, { running, due, deps });
    const date = dateIn(schedule.tz, new Date(at));
    const { spec } = await openBatch({ home, target, date, out: deps.outOf(deliver?.to), share }, redis);
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
  const more = runsUntil(cron, tz, { afterMs: dueMs, untilMs: Date.now(), most: MOST_MISSED });
  const skipped = missed === 'skip';
  const due = new Date(dueMs).toISOString();
  onEvent({ kind: 'night.missed', target, due, lateMs, missed: more.length, skipped });
  return skipped ? undefined : (more.at(-1) ?? dueMs);
}

async function overlapped(
  { target, waitsSinceMs, isSecond }: Night & { isSecond: boolean },
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
  return { done: false, afterMs: LOOK_AGAIN_MS, waits: true };
}

/** It may have ended just now. */
async function cancel(batch: string, { home, redis, share }: NightDeps): Promise<void> {
  await steer(home, batch, 'cancel', redis, share).catch((error: unknown) => {
    if (!isThreshError(error)) throw error;
  });
}

/** A batch of the target that has not ended, and fetches from it. */
async function runningBatch(home: string, target: string): Promise<string | undefined> {
  for (const { id, reextractOf } of await listSpecs(home, target)) {
    if (reextractOf !== undefined) continue;
    const entry = await lastEntry(batchFiles(home, id).journal);
    if (entry === undefined || !isEnd(entry.state)) return id;
  }
  return undefined;
}

function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
