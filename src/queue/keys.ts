/** The names of everything of ours in Redis. Nothing else makes up a key. */

/** BullMQ's own prefix for its keys. */
export const PREFIX = 'thresh';

export const BATCH_QUEUE = 'thresh-batches';

/** Whose jobs begin a target's batches: one job scheduler a target. */
export const NIGHT_QUEUE = 'thresh-nights';

/** A job for each alert and receiver. */
export const ALERT_QUEUE = 'thresh-alerts';

/** Set of targets whose schedule a person has taken off. */
export const SCHEDULES_OFF = `${PREFIX}:schedules-off`;

export function pageQueue(target: string): string {
  return `thresh-pages-${target}`;
}

/** Jobs by which large datasets of a target are built. */
export function partitionQueue(target: string): string {
  return `thresh-partitions-${target}`;
}

/** The batches that have not ended: a hash of batch id to target name. */
export const OPEN_BATCHES = `${PREFIX}:open`;

/** The processes that work for the farm: a hash of process to what it last told of itself. */
export const WORKERS = `${PREFIX}:workers`;

/** Something only a Redis that lost its memory does not know. */
export const MEMORY_MARK = `${PREFIX}:memory`;

export interface BatchKeys {
  /** Hash: state, counters, what a person asked for. */
  state: string;
  /** Hash of who works on the batch to what they wait for. */
  waits: string;
  /** Bitmap, a bit a page: the page has its outcome. */
  settled: string;
  /** Hash of page number to the links that it followed, until they stand in the frontier. */
  followed: string;
  /** Set of fingerprints (integers of 64 bits) of the URLs in the frontier, in buckets that Redis packs as intsets. */
  seen(bucket: number): string;
  /** Matches all `seen` keys. */
  seenPattern: string;
}

export function batchKeys(batch: string): BatchKeys {
  const base = `${PREFIX}:batch:${batch}`;
  return {
    state: `${base}:state`,
    waits: `${base}:waits`,
    settled: `${base}:settled`,
    followed: `${base}:followed`,
    seen: (bucket) => `${base}:seen:${bucket}`,
    seenPattern: `${base}:seen:*`,
  };
}

export interface TargetKeys {
  /** List of what pages showed of the target, until the throttle has taken it in. */
  samples: string;
  /** Hash: the throttle's last decision, what it learned, the retries' budget. */
  state: string;
  /** Who governs the target's throttle. */
  governor: string;
  /** Hash of batch to what it needs of the target. */
  needs: string;
}

export function targetKeys(target: string): TargetKeys {
  const base = `${PREFIX}:target:${target}`;
  return {
    samples: `${base}:samples`,
    state: `${base}:state`,
    governor: `${base}:governor`,
    needs: `${base}:needs`,
  };
}

/** A page's job: adding it again while it exists changes nothing. BullMQ forbids `:` and plain numbers. */
export function pageJobId(batch: string, page: number): string {
  return `${batch}.${page}`;
}

/** Of the job that loads a page to compare it with what the document's `nth` page gave. */
export function proofJobId(batch: string, page: number, nth: number): string {
  return `${pageJobId(batch, page)}.proof-${nth}`;
}

/** Of a job by which a dataset is built: `work` and its number in the batch's plan. */
export function partitionJobId({
  batch,
  plan,
  work,
  number,
}: Record<'batch' | 'plan' | 'work', string> & { number: number }): string {
  return `${batch}.${plan}.${work}-${number}`;
}

/** Held while a command finds or makes the batch of a target and date. */
export function makingKey(target: string, date: string): string {
  return `${PREFIX}:making:${target}:${date}`;
}
