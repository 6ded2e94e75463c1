/**
 * Delivers a dataset to S3, all or nothing. Every data file is a multipart upload, and no upload is completed before
 * every part of every file is up:
 *
 *   begun      an upload was opened, its id noted         killed here: it is aborted, and all begins again
 *   sealed     every part of every file is up             from here on only forward
 *   unmarked   the old `_SUCCESS` is gone                 a reader that goes by it sees no dataset of this date
 *   appeared   the uploads are completed
 *   swept      what other batches left of this date is gone, and every upload that is still open
 *   marked     the new `_SUCCESS` stands: done
 *
 * Each line of the journal is durable before the next step begins, and each step can be done twice.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { placeOf } from '../store/s3-place.js';
import { openS3Store, type S3Settings, type S3Store, s3Failure } from '../store/s3-store.js';
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
import { completeOnce, LEAST_PART_BYTES, type UploadedObject, uploadParts } from './multipart.js';
import { type JournalLine, openDeliveryJournal } from './s3-journal.js';

export function s3Destination(out: string, settings: S3Settings): Destination {
  const { bucket, prefix } = placeOf(out);
  const store = openS3Store(bucket, settings);
  const root = `s3://${bucket}/${prefix}`;
  const probeKey = `${prefix}.thresh-probe`;
  const failing = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw s3Failure(what, error);
    }
  };

  /** The text of `_SUCCESS`; empty when it is not there. */
  const markOf = async (target: string, date: string): Promise<string> =>
    Buffer.from((await store.bytes(`${prefix}${target}/date=${date}/_SUCCESS`)) ?? '').toString();

  return {
    where: (target, date) => `${root}${target}/date=${date}`,
    probe: () =>
      failing(`cannot write to ${root}`, async () => {
        // Opening an upload needs the same right as writing and leaves no object behind. An answer that was lost, or
        // a kill before the next line, leaves an upload that the next probe or delivery aborts.
        await store.begin(probeKey);
        await abortUploads(store, probeKey);
      }),
    deliver: (dataset, options) =>
      failing(`cannot deliver to ${root}${dataset.target}/date=${dataset.date}`, async () => {
        await deliverTo(store, `${prefix}${dataset.target}/date=${dataset.date}/`, { dataset, ...options });
        await abortUploads(store, probeKey);
        return `${root}${dataset.target}/date=${dataset.date}`;
      }),
    writeRun: (run) =>
      failing(`cannot write the report to ${root}${run.target}/_runs/${run.batch}`, () =>
        writeRun(store, `${prefix}${run.target}/_runs/${run.batch}/`, run),
      ),
    earlier: (target, date, count) =>
      failing(`cannot read ${root}${target}`, async () => {
        const manifests: Manifest[] = [];
        for (const one of datesBefore(await store.folders(`${prefix}${target}/`), date)) {
          if (manifests.length >= count) break;
          const manifest = parseWhole(await markOf(target, one));
          if (manifest !== undefined) manifests.push(manifest);
        }
        return manifests;
      }),
    latest: (target) =>
      failing(`cannot read ${root}${target}`, async () => {
        for (const one of datesOf(await store.folders(`${prefix}${target}/`))) {
          const manifest = parseManifest(await markOf(target, one));
          if (manifest !== undefined) return manifest;
        }
        return undefined;
      }),
    manifestOf: (target, date) =>
      failing(`cannot read ${root}${target}/date=${date}`, async () =>
        parseManifest(await markOf(target, date)),
      ),
    fetch: ({ target, date, name }, folder) =>
      failing(`cannot read ${root}${target}/date=${date}/${name}`, async () => {
        await mkdir(folder, { recursive: true });
        const copy = path.join(folder, path.basename(name));
        const isThere = await store.download(`${prefix}${target}/date=${date}/${name}`, copy);
        return isThere ? copy : undefined;
      }),
    close: () => store.close(),
  };
}

interface Delivering extends DeliverOptions {
  dataset: Dataset;
}

async function deliverTo(store: S3Store, folder: string, options: Delivering): Promise<void> {
  const { dataset } = options;
  const success = `${folder}_SUCCESS`;
  const journal = await openDeliveryJournal(options.journal, sha256(dataset.manifest), options.onStep);
  try {
    let sealed = journal.lines.find((line) => line.step === 'sealed');
    if (sealed === undefined) {
      await abortLeftovers(store, journal.lines, `${folder}${dataset.batch}-`);
      sealed = {
        step: 'sealed',
        objects: await uploadAll(store, folder, { ...options, note: journal.note }),
      };
      await journal.note(sealed);
    }
    const { objects } = sealed;
    if (!journal.has('unmarked')) {
      await store.remove(success);
      await journal.note({ step: 'unmarked' });
    }
    if (!journal.has('appeared')) {
      for (const object of objects) await completeOnce(store, object);
      await journal.note({ step: 'appeared' });
    }
    if (!journal.has('swept')) {
      const ours = new Set(objects.map((object) => object.key));
      for await (const { key } of store.list(folder))
        if (!ours.has(key) && isDataFile(key.slice(folder.length), dataset.target)) await store.remove(key);
      // An answer that was lost on its way leaves an upload that nobody knows of: it was asked for again.
      await abortUploads(store, `${folder}${dataset.batch}-`);
      await journal.note({ step: 'swept' });
    }
    if (!journal.has('marked')) {
      await store.put(success, Buffer.from(dataset.manifest));
      await journal.note({ step: 'marked' });
    }
  } finally {
    await journal.close();
  }
}

/** A file that some batch of the target delivered; anything else in the folder is not ours to remove. */
function isDataFile(name: string, target: string): boolean {
  return (
    name.startsWith(`${target}-`) && /^-\d{8}-[0-9a-z]{6}-\d{5}\.parquet$/.test(name.slice(target.length))
  );
}

/** Uploads that an earlier try began, whether it could still note their ids or not. */
async function abortLeftovers(store: S3Store, lines: readonly JournalLine[], prefix: string): Promise<void> {
  for (const line of lines) if (line.step === 'begun') await store.abort(line.key, line.uploadId);
  await abortUploads(store, prefix);
}

async function abortUploads(store: S3Store, prefix: string): Promise<void> {
  for (const { key, uploadId } of await store.uploads(prefix)) await store.abort(key, uploadId);
}

interface Uploading extends Delivering {
  note: (line: JournalLine) => Promise<void>;
}

async function uploadAll(
  store: S3Store,
  folder: string,
  { dataset, note, signal }: Uploading,
): Promise<UploadedObject[]> {
  const begun: { key: string; uploadId: string }[] = [];
  try {
    const objects: UploadedObject[] = [];
    for (const file of dataset.files) {
      const key = folder + path.basename(file.path);
      const uploadId = await store.begin(key);
      begun.push({ key, uploadId });
      await note({ step: 'begun', key, uploadId });
      const etags = await uploadParts(store, { key, uploadId, path: file.path, signal });
      objects.push({ key, uploadId, bytes: file.bytes, etags });
    }
    return objects;
  } catch (error) {
    // As far as the server still answers; what stays open is aborted by the next try.
    for (const { key, uploadId } of begun) await store.abort(key, uploadId).catch(() => undefined);
    throw error;
  }
}

async function writeRun(store: S3Store, folder: string, run: RunFiles): Promise<void> {
  for (const [name, source] of Object.entries(run.files)) {
    const key = folder + name;
    if ('text' in source) await store.put(key, Buffer.from(source.text));
    else if ((await stat(source.from)).size <= LEAST_PART_BYTES)
      await store.put(key, await readFile(source.from));
    else {
      const uploadId = await store.begin(key);
      try {
        const etags = await uploadParts(store, { key, uploadId, path: source.from });
        await store.complete({ key, uploadId, etags });
      } catch (error) {
        await store.abort(key, uploadId).catch(() => undefined); // the first error is the news
        throw error;
      }
    }
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
