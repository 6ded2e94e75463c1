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
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf, ThreshError } from '../errors.js';
import {
  type Dataset,
  type DeliverOptions,
  type Destination,
  datesBefore,
  datesOf,
  parseManifest,
  parseWhole,
  type RunFiles,
} from './contract.js';
import type { Manifest } from './manifest.js';

export function folderDestination(out: string): Destination {
  return {
    where: (target, date) => path.join(out, target, `date=${date}`),
    probe: () => probeFolder(out),
    deliver: (dataset, { onStep }) => deliverToFolder(out, dataset, onStep ?? (() => undefined)),
    writeRun: (run) => writeRunFiles(out, run),
    async earlier(target, date, count) {
      const manifests: Manifest[] = [];
      for (const one of datesBefore(await namesIn(path.join(out, target)), date)) {
        if (manifests.length >= count) break;
        const file = path.join(out, target, `date=${one}`, '_SUCCESS');
        const manifest = parseWhole(await readFile(file, 'utf8').catch(() => ''));
        if (manifest !== undefined) manifests.push(manifest);
      }
      return manifests;
    },
    async latest(target) {
      for (const one of datesOf(await namesIn(path.join(out, target)))) {
        const manifest = parseManifest((await manifestAt(path.join(out, target, `date=${one}`))) ?? '');
        if (manifest !== undefined) return manifest;
      }
      return undefined;
    },
    async manifestOf(target, date) {
      return parseManifest((await manifestAt(path.join(out, target, `date=${date}`))) ?? '');
    },
    async fetch({ target, date, name }) {
      const file = path.join(out, target, `date=${date}`, name);
      return stat(file).then(
        () => file,
        () => undefined,
      );
    },
    close: () => undefined,
  };
}

async function deliverToFolder(
  out: string,
  dataset: Dataset,
  onStep: NonNullable<DeliverOptions['onStep']>,
): Promise<string> {
  const parent = path.join(out, dataset.target);
  const name = `date=${dataset.date}`;
  const hidden = (step: string): string => path.join(parent, `.${name}.${dataset.batch}.${step}`);
  const place = path.join(parent, name);
  try {
    await mkdir(parent, { recursive: true });
    if ((await manifestAt(place)) !== dataset.manifest) {
      if ((await manifestAt(hidden('ready'))) !== dataset.manifest)
        await build(dataset, { building: hidden('building'), ready: hidden('ready'), onStep });
      await moveAside(place, hidden('replaced'));
      await onStep('set aside');
      await rename(hidden('ready'), place);
      await syncFolder(parent);
      await onStep('in place');
    }
    for (const step of ['replaced', 'ready', 'building'])
      await rm(hidden(step), { recursive: true, force: true });
    await onStep('swept');
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

async function probeFolder(out: string): Promise<void> {
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

interface Building {
  building: string;
  ready: string;
  onStep: NonNullable<DeliverOptions['onStep']>;
}

async function build(dataset: Dataset, { building, ready, onStep }: Building): Promise<void> {
  await rm(building, { recursive: true, force: true });
  await rm(ready, { recursive: true, force: true });
  await mkdir(building);
  for (const file of dataset.files) {
    const copy = path.join(building, path.basename(file.path));
    await copyFile(file.path, copy, constants.COPYFILE_FICLONE);
    await syncFile(copy);
    await onStep('file copied');
  }
  const success = path.join(building, '_SUCCESS');
  const handle = await open(success, 'w');
  await handle
    .writeFile(dataset.manifest)
    .then(() => handle.sync())
    .finally(() => handle.close());
  await syncFolder(building);
  await rename(building, ready);
  await onStep('ready');
}

async function moveAside(place: string, aside: string): Promise<void> {
  await rename(place, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** The text of `_SUCCESS` of the complete partition that stands in a folder. */
async function manifestAt(folder: string): Promise<string | undefined> {
  return readFile(path.join(folder, '_SUCCESS'), 'utf8').catch(() => undefined);
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.sync().finally(() => handle.close());
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

async function writeRunFiles(out: string, { target, batch, files }: RunFiles): Promise<void> {
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
