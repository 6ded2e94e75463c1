/**
 * Delivers a dataset to a folder, all or nothing. The partition is built beside its place under a hidden name, made
 * durable, and renamed in:
 *
 *   .date=D.BATCH.building   files are copied in, `_SUCCESS` last         killed here: removed and begun again
 *   .date=D.BATCH.ready      complete                                    killed here: goes on below
 *   .date=D.BATCH.replaced   the partition that stood there before       killed here: goes on below
 *   date=D                   in place; what was replaced is removed
 *
 * Which of these names exist is the journal: calling again after a kill, with the same arguments, rolls forward.
 */
import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf, ThreshError } from '../errors.js';

export interface FolderDelivery {
  out: string;
  target: string;
  /** `YYYY-MM-DD` */
  date: string;
  batch: string;
  /** Absolute paths of the finished data files. */
  files: readonly string[];
  /** Text of `_SUCCESS`. */
  manifest: string;
}

/** The partition's folder, in place. Throws OUTPUT_UNWRITABLE and leaves what was there before. */
export async function deliverToFolder(delivery: FolderDelivery): Promise<string> {
  const parent = path.join(delivery.out, delivery.target);
  const name = `date=${delivery.date}`;
  const hidden = (step: string): string => path.join(parent, `.${name}.${delivery.batch}.${step}`);
  const place = path.join(parent, name);
  try {
    await mkdir(parent, { recursive: true });
    if ((await batchAt(place)) !== delivery.batch) {
      if ((await batchAt(hidden('ready'))) !== delivery.batch)
        await build(delivery, hidden('building'), hidden('ready'));
      await moveAside(place, hidden('replaced'));
      await rename(hidden('ready'), place);
      await syncFolder(parent);
    }
    await rm(hidden('replaced'), { recursive: true, force: true });
    await rm(hidden('ready'), { recursive: true, force: true });
    return place;
  } catch (cause) {
    throw new ThreshError(`cannot deliver to ${place}: ${reasonOf(cause)}`, {
      code: 'OUTPUT_UNWRITABLE',
      scope: 'batch',
      retry: 'later',
      mend: 'make the folder writable or free space there, then run the same command again: only the delivery is repeated',
      cause,
    });
  }
}

/** Throws OUTPUT_UNWRITABLE when nothing can be written there: found out before the first page, not after the last. */
export async function probeFolder(out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true });
    const probe = path.join(out, `.thresh-probe-${process.pid}`);
    await (await open(probe, 'w')).close();
    await rm(probe, { force: true });
  } catch (cause) {
    throw new ThreshError(`cannot write to the output folder ${out}: ${reasonOf(cause)}`, {
      code: 'OUTPUT_UNWRITABLE',
      scope: 'batch',
      mend: 'make it writable, or choose another with --out or THRESH_OUT',
      cause,
    });
  }
}

async function build(delivery: FolderDelivery, building: string, ready: string): Promise<void> {
  await rm(building, { recursive: true, force: true });
  await mkdir(building);
  for (const file of delivery.files) {
    const copy = path.join(building, path.basename(file));
    await copyFile(file, copy, constants.COPYFILE_FICLONE);
    await syncFile(copy);
  }
  const success = path.join(building, '_SUCCESS');
  const handle = await open(success, 'w');
  await handle
    .writeFile(delivery.manifest)
    .then(() => handle.sync())
    .finally(() => handle.close());
  await syncFolder(building);
  await rename(building, ready);
}

async function moveAside(place: string, aside: string): Promise<void> {
  await rename(place, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** The batch whose complete partition stands in a folder. */
async function batchAt(folder: string): Promise<string | undefined> {
  const text = await readFile(path.join(folder, '_SUCCESS'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as { batch?: string }).batch;
  } catch {
    return undefined;
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.sync().finally(() => handle.close());
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

export interface RunFiles {
  out: string;
  target: string;
  batch: string;
  /** Name within `_runs/BATCH/` to the absolute path that it is copied from, or to its text. */
  files: Record<string, { from: string } | { text: string }>;
}

/** Writes `OUT/TARGET/_runs/BATCH/`; each file appears whole. Returns the folder. */
export async function writeRunFiles({ out, target, batch, files }: RunFiles): Promise<string> {
  const folder = path.join(out, target, '_runs', batch);
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, source] of Object.entries(files)) {
      const place = path.join(folder, name);
      await mkdir(path.dirname(place), { recursive: true });
      const half = `${place}.tmp`;
      if ('from' in source) await copyFile(source.from, half, constants.COPYFILE_FICLONE);
      else {
        const handle = await open(half, 'w');
        await handle
          .writeFile(source.text)
          .then(() => handle.sync())
          .finally(() => handle.close());
      }
      await rename(half, place);
    }
    return folder;
  } catch (cause) {
    throw new ThreshError(`cannot write the report to ${folder}: ${reasonOf(cause)}`, {
      code: 'OUTPUT_UNWRITABLE',
      scope: 'batch',
      retry: 'later',
      mend: 'make the folder writable or free space there, then run the same command again',
      cause,
    });
  }
}

/** Names within a folder, none when it does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
