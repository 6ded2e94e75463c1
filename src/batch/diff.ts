/** What differs between two delivered batches of one target; what it needs of disk is gone when it is done. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Diff, withDiff } from '../dataset/diff.js';
import { ThreshError } from '../errors.js';
import { type DeliveredBatch, type DeliveredBatchOptions, openDelivered } from './delivered-batch.js';

export interface BatchDiffOptions extends DeliveredBatchOptions {
  /** Undefined: the batch that stands for the date before. */
  before: string | undefined;
  after: string;
  /** Columns that are compared and shown; all when it is left out. */
  only?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
}

export interface BatchDiff extends Diff {
  before: { batch: string; date: string };
  after: { batch: string; date: string };
}

/**
 * Throws USAGE when one of them stands nowhere or they cannot be compared, INTERRUPTED on abort, DATASET_FAILED,
 * OUTPUT_UNWRITABLE.
 */
export async function withBatchDiff<T>(
  options: BatchDiffOptions,
  work: (diff: BatchDiff) => Promise<T>,
): Promise<T> {
  const open: DeliveredBatch[] = [];
  const folder = await openFolder(options.home);
  try {
    const after = await openDelivered(options.after, options);
    open.push(after);
    const before = await openDelivered(options.before ?? (await batchBefore(after)), options);
    open.push(before);
    if (before.target !== after.target)
      throw usage(
        `${before.batch} and ${after.batch} are of two targets`,
        'compare two batches of one target; `thresh status` lists them',
      );
    return await withDiff(
      {
        before: await before.side(path.join(folder, 'before')),
        after: await after.side(path.join(folder, 'after')),
        only: options.only,
        spill: path.join(folder, 'spill'),
        signal: options.signal,
      },
      (diff) => work({ ...diff, before: nameOf(before), after: nameOf(after) }),
    );
  } finally {
    for (const one of open) one.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function batchBefore(after: DeliveredBatch): Promise<string> {
  const before = await after.before();
  if (before !== undefined) return before;
  throw usage(
    `no dataset of ${after.target} of a date before ${after.date} stands there`,
    'the next night can be compared with this one',
  );
}

/** Named for this process: what one that was killed left behind goes when the next is opened. */
async function openFolder(home: string): Promise<string> {
  const all = path.join(home, 'diff');
  await mkdir(all, { recursive: true });
  for (const name of await readdir(all))
    if (!isAlive(Number.parseInt(name, 10))) await rm(path.join(all, name), { recursive: true, force: true });
  return mkdtemp(path.join(all, `${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function nameOf({ batch, date }: DeliveredBatch): { batch: string; date: string } {
  return { batch, date };
}

function usage(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
