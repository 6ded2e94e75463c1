/** The dataset of a target that was delivered last, to be read on this machine; from S3 a copy of it is kept in the home. */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Destination } from '../delivery/contract.js';
import type { Manifest } from '../delivery/manifest.js';
import { ThreshError } from '../errors.js';

export interface LastDataset {
  manifest: Manifest;
  /** In the dataset's order. */
  files: { path: string; rows: number }[];
}

export interface LastDatasetOptions {
  target: string;
  destination: Destination;
  home: string;
}

/** A dataset may be swapped while its files are being fetched: then the new one is. */
const MOST_TRIES = 3;

/** Undefined when nothing was delivered yet. Throws DATASET_FAILED when its files are not those that it lists. */
export async function readLast(options: LastDatasetOptions): Promise<LastDataset | undefined> {
  const { target, destination } = options;
  for (let tries = 1; ; tries += 1) {
    const manifest = await destination.latest(target);
    if (manifest === undefined) return undefined;
    const files = await filesOf(manifest, options);
    if (files !== undefined) return { manifest, files };
    if (tries < MOST_TRIES) continue;
    throw new ThreshError(`${destination.where(target, manifest.date)} lacks files that its _SUCCESS lists`, {
      code: 'DATASET_FAILED',
      scope: 'batch',
      mend: 'run the target again for that date, which replaces it',
    });
  }
}

/** Undefined when one of them is not there as it was delivered. */
async function filesOf(
  manifest: Manifest,
  { target, destination, home }: LastDatasetOptions,
): Promise<LastDataset['files'] | undefined> {
  const { date } = manifest;
  const batch = path.basename(manifest.batch);
  const copies = path.join(home, 'delivered', target);
  const folder = path.join(copies, batch);
  const files: LastDataset['files'] = [];
  for (const { name, rows, bytes } of manifest.files) {
    const copy = path.join(folder, path.basename(name));
    const kept = (await sizeOf(copy)) === bytes ? copy : undefined;
    const file = kept ?? (await destination.fetch({ target, date, name }, folder));
    if (file === undefined || (await sizeOf(file)) !== bytes) return undefined;
    files.push({ path: file, rows });
  }
  await keepOnly(copies, batch);
  return files;
}

/** Copies of what was delivered before are of no use any more. */
async function keepOnly(copies: string, batch: string): Promise<void> {
  for (const name of await readdir(copies).catch(() => []))
    if (name !== batch) await rm(path.join(copies, name), { recursive: true, force: true });
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
