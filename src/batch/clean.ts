/**
 * What is left of old nights: a delivered batch's segments, frontier, workplace and artifacts go after so many days, and
 * what tells of it (spec, journal, report) after a year. The latest of each target stay whatever their age, and of a
 * batch that was not delivered nothing ever goes. Only kept cookies, which are logins, go after those days whatever
 * became of their batch.
 */
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ThreshError } from '../errors.js';
import { isEnd, lastEntry } from './journal.js';
import { cleanKept } from './kept.js';
import { takeRunnerLock } from './runner-lock.js';
import type { BatchShare, Share } from './share.js';
import { type BatchFiles, type BatchSpec, batchFiles, listSpecs } from './spec.js';

export interface CleanOptions {
  home: string;
  /** Days after a batch was delivered. */
  keepDays: number;
  /** Of each target, the latest delivered ones. */
  keepBatches: number;
  /** The store of a farm of several machines: what goes at home goes there, too. */
  share?: Share | undefined;
  /** Only say what would go. */
  dryRun?: boolean;
  /** Epoch ms. Default now. */
  nowMs?: number;
}

export interface Cleaned {
  batch: string;
  deliveredAt: string;
  /** `all`: also what tells of it. */
  what: 'bulk' | 'all';
  bytes: number;
}

const DAY_MS = 24 * 3_600_000;
const KEEP_RECORDS_DAYS = 365;

/** In the order in which they were delivered. A folder that cannot be removed is left for the next time. */
export async function cleanHome(options: CleanOptions): Promise<Cleaned[]> {
  const { home, keepBatches, dryRun, nowMs = Date.now() } = options;
  const cleaned: Cleaned[] = [];
  const seen = new Map<string, number>();
  await options.share?.pullAll();
  const specs = await listSpecs(home);
  const inUse = await sourcesInUse(home, specs);
  for (const spec of specs) {
    const files = batchFiles(home, spec.id);
    const entry = await lastEntry(files.journal);
    if (entry === undefined || !isEnd(entry.state)) continue;
    const days = (nowMs - Date.parse(entry.at)) / DAY_MS;
    if (days >= options.keepDays && dryRun !== true)
      await rm(files.cookies, { recursive: true, force: true }).catch(() => undefined);
    if (entry.state !== 'delivered' || inUse.has(spec.id)) continue;
    const rank = seen.get(spec.target) ?? 0;
    seen.set(spec.target, rank + 1);
    if (rank < keepBatches || days < options.keepDays) continue;
    const what = days >= Math.max(KEEP_RECORDS_DAYS, options.keepDays) ? 'all' : 'bulk';
    const bytes = await sizeOf(pathsOf(spec, files, what));
    if (bytes === 0) continue; // it went before
    const share = options.share?.of(spec.id);
    if (dryRun === true || (await remove(spec, { files, what, share })))
      cleaned.push({ batch: spec.id, deliveredAt: entry.at, what, bytes });
  }
  if (dryRun !== true) await cleanKept(options, await notCleaned(home), nowMs);
  return cleaned.reverse();
}

/** Batches whose pages are being read again. */
async function sourcesInUse(home: string, specs: readonly BatchSpec[]): Promise<Set<string>> {
  const inUse = new Set<string>();
  for (const { id, reextractOf } of specs) {
    if (reextractOf === undefined) continue;
    const entry = await lastEntry(batchFiles(home, id).journal);
    if (entry === undefined || !isEnd(entry.state)) inUse.add(reextractOf);
  }
  return inUse;
}

async function notCleaned(home: string): Promise<BatchSpec[]> {
  const specs = await listSpecs(home);
  const gone = await Promise.all(specs.map(({ id }) => isCleaned(batchFiles(home, id))));
  return specs.filter((_, at) => gone[at] === false);
}

function isCleaned({ cleaned }: BatchFiles): Promise<boolean> {
  return stat(cleaned).then(
    () => true,
    () => false,
  );
}

/** Throws USAGE when the batch's pages are gone: it cannot go on. */
export async function requirePages({ id }: BatchSpec, files: BatchFiles): Promise<void> {
  if (!(await isCleaned(files))) return;
  throw new ThreshError(`the segments of batch ${id} were cleaned up`, {
    code: 'USAGE',
    scope: 'batch',
    mend: 'run the target again for that date',
  });
}

function pathsOf({ out, target, id }: BatchSpec, files: BatchFiles, what: 'bulk' | 'all'): string[] {
  const runs = out.startsWith('s3://') ? [] : [path.join(out, target, '_runs', id)];
  if (what === 'all') return [files.dir, ...runs];
  return [
    ...[
      files.segments,
      files.frontier,
      files.work,
      files.partitions,
      files.soft,
      files.carriedIndex,
      path.join(files.dir, 'artifacts'),
    ],
    ...runs.map((folder) => path.join(folder, 'artifacts')),
  ];
}

interface Removing {
  files: BatchFiles;
  what: 'bulk' | 'all';
  share: BatchShare | undefined;
}

/** False when somebody has it at work again, here or on another machine, or the disk or the store says no. */
async function remove(spec: BatchSpec, removing: Removing): Promise<boolean> {
  const { files, share } = removing;
  try {
    const isShared = (await share?.pull()) === true;
    const lock = await takeRunnerLock(files.runner);
    if ('pid' in lock) return false;
    try {
      return await removeLocked(spec, { ...removing, share: isShared ? share : undefined });
    } finally {
      await lock.release().catch(() => undefined); // its folder is gone
    }
  } catch {
    return false;
  }
}

async function removeLocked(spec: BatchSpec, { files, what, share }: Removing): Promise<boolean> {
  // The journal as it is now; whoever began in this moment to run the batch again, on another machine, is fenced off.
  const record = await share?.take('the cleaner');
  if (!(await isDelivered(files))) return false;
  await record?.cleaned();
  await writeFile(files.cleaned, '');
  await share?.remove(what);
  for (const one of pathsOf(spec, files, what)) await rm(one, { recursive: true, force: true });
  return true;
}

async function isDelivered({ journal }: BatchFiles): Promise<boolean> {
  return (await lastEntry(journal))?.state === 'delivered';
}

async function sizeOf(paths: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const one of paths) {
    const found = await stat(one).catch(() => undefined);
    if (found?.isDirectory() !== true) bytes += found?.size ?? 0;
    else bytes += await sizeOf((await readdir(one).catch(() => [])).map((name) => path.join(one, name)));
  }
  return bytes;
}
