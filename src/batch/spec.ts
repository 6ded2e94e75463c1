/** A batch as it was asked for, and where its files lie: `THRESH_HOME/batches/BATCH/`. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';

export interface BatchSpec {
  /** `NAME-YYYYMMDD-XXXXXX` */
  id: string;
  target: string;
  /** The target's file, absolute. */
  targetFile: string;
  /** Hash of the target's code when the batch was made. */
  targetHash: string;
  /** `YYYY-MM-DD` */
  date: string;
  createdAt: string;
  /** Where it is delivered: an absolute folder, or `s3://BUCKET/PREFIX`. */
  out: string;
  /** Pages beyond this many are skipped. */
  limit?: number;
  /** Pages in flight at most, below the target's own maximum. */
  concurrency?: number;
  /** False: not held back to what the target's window needs. */
  pace?: false;
  /** The batch whose pages are its own: they are read from what that kept of them. */
  reextractOf?: string;
}

export interface BatchFiles {
  dir: string;
  spec: string;
  journal: string;
  frontier: string;
  segments: string;
  /** The robots.txt of its origins as it was read. */
  robots: string;
  /** Those of pages that were given up, where the target keeps them. Logins: they leave this folder nowhere. */
  cookies: string;
  /** Aggregation's workplace; holds the dataset until it is delivered. */
  work: string;
  /** Where parts of its dataset are built, by whatever process: partition-work.ts. */
  partitions: string;
  /** What of the delivery is done. */
  delivery: string;
  /** Names the process that runs the batch: runner-lock.ts. */
  runner: string;
  /** What is known of its soft pages: soft-book.ts. */
  soft: string;
  /** How much of the night is rendered: night-plan.ts. */
  plan: string;
  /** What is known of its pages that were carried over, as of soft ones: carrying.ts. */
  carried: string;
  /** Where the pages of the batch are looked up from which they are carried over, while they are. */
  carriedIndex: string;
  /** How long pages took, so far: measuring.ts. */
  measured: string;
  /** How it went, moment by moment: timeline.ts. */
  timeline: string;
  /** The batch's own copy of what it reported last. */
  report: string;
  /** Is there when its segments were cleaned up. */
  cleaned: string;
  /** Names what of the farm's store is here: share.ts. */
  pulled: string;
}

export function batchesDir(home: string): string {
  return path.join(path.resolve(home), 'batches');
}

export function batchFiles(home: string, batch: string): BatchFiles {
  const dir = path.join(batchesDir(home), batch);
  return {
    dir,
    spec: path.join(dir, 'batch.json'),
    journal: path.join(dir, 'journal.ndjson'),
    frontier: path.join(dir, 'frontier.ndjson'),
    segments: path.join(dir, 'segments'),
    robots: path.join(dir, 'robots.json'),
    cookies: path.join(dir, 'cookies'),
    work: path.join(dir, 'work'),
    partitions: path.join(dir, 'partitions'),
    delivery: path.join(dir, 'delivery.ndjson'),
    runner: path.join(dir, 'runner.lock'),
    soft: path.join(dir, 'soft.ndjson'),
    plan: path.join(dir, 'night.json'),
    carried: path.join(dir, 'carried.ndjson'),
    carriedIndex: path.join(dir, 'carried-index'),
    measured: path.join(dir, 'measured.json'),
    timeline: path.join(dir, 'timeline.ndjson'),
    report: path.join(dir, 'report.json'),
    cleaned: path.join(dir, 'cleaned'),
    pulled: path.join(dir, 'pulled'),
  };
}

export function newBatchId(target: string, date: string): string {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  const suffix = [...randomBytes(6)].map((byte) => alphabet[byte % 32]).join('');
  return `${target}-${date.replaceAll('-', '')}-${suffix}`;
}

/** Of a batch's id. */
export function targetOf(batch: string): string {
  return batch.slice(0, -'-YYYYMMDD-XXXXXX'.length);
}

/** Whose pages wait in one queue: a target's, or those that are read from what was kept of it, which it does not bear. */
export function laneOf({ target, reextractOf }: BatchSpec): string {
  return reextractOf === undefined ? target : `${target}${KEPT_LANE}`;
}

export function targetOfLane(lane: string): string {
  return lane.endsWith(KEPT_LANE) ? lane.slice(0, -KEPT_LANE.length) : lane;
}

/** No target's name has a dot. */
const KEPT_LANE = '.kept';

const BATCH_ID = /^[a-z0-9-]{1,40}-\d{8}-[0-9a-z]{6}$/;

export function isBatchId(text: string): boolean {
  return BATCH_ID.test(text);
}

/** Written once, durably: a batch exists when its spec does. */
export async function writeSpec(home: string, spec: BatchSpec): Promise<void> {
  const files = batchFiles(home, spec.id);
  await mkdir(files.segments, { recursive: true });
  const half = `${files.spec}.tmp`;
  const handle = await open(half, 'w');
  try {
    await handle.writeFile(`${JSON.stringify(spec, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(half, files.spec);
}

/** Undefined when there is no such batch in this home. */
export async function readSpec(home: string, batch: string): Promise<BatchSpec | undefined> {
  if (!isBatchId(batch)) return undefined;
  const text = await readFile(batchFiles(home, batch).spec, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as BatchSpec);
}

/** All batches of this home, or of one target alone, the latest first. */
export async function listSpecs(home: string, target?: string): Promise<BatchSpec[]> {
  const names = await readdir(batchesDir(home)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const isOurs = (name: string): boolean => target === undefined || targetOf(name) === target;
  const specs = await Promise.all(names.filter(isOurs).map((name) => readSpec(home, name)));
  return specs
    .filter((spec) => spec !== undefined)
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
}
