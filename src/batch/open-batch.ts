/** Which batch a command means: the unfinished one of a target and date, or a new one; and handing it to the farm. */
import { makingKey } from '../queue/keys.js';
import { openBatchQueue } from '../queue/queues.js';
import type { RedisHandle } from '../queue/redis.js';
import type { LoadedTarget } from '../target/load.js';
import { type ActiveState, isEnd, lastEntry } from './journal.js';
import { enterForAll, type Share } from './share.js';
import { type BatchSpec, batchFiles, listSpecs, newBatchId, writeSpec } from './spec.js';

export interface OpenRequest {
  home: string;
  target: LoadedTarget;
  /** `YYYY-MM-DD` */
  date: string;
  /** Absolute. */
  out: string;
  limit?: number;
  concurrency?: number;
  /** False: not held back to what the target's window needs. */
  pace?: false;
  /** The batch whose pages are read again from what it kept of them. */
  reextractOf?: string;
  /** The store of a farm of several machines. */
  share?: Share | undefined;
}

export interface OpenedBatch {
  spec: BatchSpec;
  /** Where it goes on; undefined for a new batch. */
  resumedFrom: ActiveState | undefined;
}

/** Today's date in a zone, `YYYY-MM-DD`. */
export function dateIn(zone: string, now: Date): string {
  return new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(now);
}

/** Finds or makes the batch and puts its job into the queue. Two commands at once get the same batch. */
export async function openBatch(request: OpenRequest, redis: RedisHandle): Promise<OpenedBatch> {
  const { name } = request.target.definition;
  const making = makingKey(name, request.date);
  while ((await redis.client.set(making, '1', 'PX', 10_000, 'NX')) === null) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  try {
    await request.share?.pullAll(name);
    const found = await findUnfinished(request);
    const opened = found === undefined ? await makeBatch(request) : await asAskedNow(found, request);
    await enqueueBatch(opened.spec.id, redis);
    return opened;
  } finally {
    await redis.client.del(making);
  }
}

async function makeBatch(request: OpenRequest): Promise<OpenedBatch> {
  const { name } = request.target.definition;
  const { date, out, limit, concurrency, pace, reextractOf } = request;
  const spec: BatchSpec = {
    id: newBatchId(name, date),
    target: name,
    targetFile: request.target.file,
    targetHash: request.target.hash,
    date,
    createdAt: new Date().toISOString(),
    out,
    ...(limit === undefined ? {} : { limit }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(pace === undefined ? {} : { pace }),
    ...(reextractOf === undefined ? {} : { reextractOf }),
  };
  await writeSpec(request.home, spec);
  await request.share?.of(spec.id).putSpec(spec);
  return { spec, resumedFrom: undefined };
}

/**
 * Who goes on with a batch may be in a hurry, or have mended its target; that holds for whoever takes it over. On
 * several machines the code has to be the same on all that work on it.
 */
async function asAskedNow(
  opened: OpenedBatch,
  { home, pace, target, share }: OpenRequest,
): Promise<OpenedBatch> {
  const { file: targetFile, hash: targetHash } = target;
  const mended =
    share === undefined || opened.spec.targetHash === targetHash ? {} : { targetFile, targetHash };
  const hurried = pace === undefined || opened.spec.pace === pace ? {} : { pace };
  const spec: BatchSpec = { ...opened.spec, ...mended, ...hurried };
  if (Object.keys({ ...mended, ...hurried }).length === 0) return opened;
  await writeSpec(home, spec);
  await share?.of(spec.id).putSpec(spec);
  return { ...opened, spec };
}

/** The latest batch of the target and date, when it has not ended or has failed. */
async function findUnfinished({
  home,
  target,
  date,
  share,
  reextractOf,
}: OpenRequest): Promise<OpenedBatch | undefined> {
  const { name } = target.definition;
  const spec = (await listSpecs(home, name)).find(
    (one) => one.date === date && one.reextractOf === reextractOf,
  );
  if (spec === undefined) return undefined;
  const { journal } = batchFiles(home, spec.id);
  const entry = await lastEntry(journal);
  if (entry === undefined) return { spec, resumedFrom: 'discovering' };
  if (entry.state === 'failed') {
    const again = entry.failedIn ?? 'discovering';
    await enterForAll(share, { home, batch: spec.id }, again, { reason: 'run again' });
    return { spec, resumedFrom: again };
  }
  return isEnd(entry.state) ? undefined : { spec, resumedFrom: entry.state };
}

/** Adding a job that is there already changes nothing. */
export async function enqueueBatch(batch: string, redis: RedisHandle): Promise<void> {
  const queue = openBatchQueue(redis);
  try {
    await queue.add('batch', { batch }, { jobId: batch, removeOnComplete: true, removeOnFail: true });
  } finally {
    await queue.close();
  }
}
