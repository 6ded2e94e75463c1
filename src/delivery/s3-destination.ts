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
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ThreshError } from '../errors.js';
import { placeOf } from '../store/s3-place.js';
import { isNoSuchUpload, openS3Store, type S3Settings, type S3Store, s3Failure } from '../store/s3-store.js';
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

/** S3 takes at most 10,000 parts, none but the last under 5 MB. */
const LEAST_PART_BYTES = 8 * 1024 * 1024;
const MOST_PARTS = 10_000;
/** Parts in memory at once. */
const PARTS_AT_ONCE = 2;

interface SealedObject {
  key: string;
  uploadId: string;
  bytes: number;
  etags: string[];
}

type JournalLine =
  | { step: 'delivery'; manifest: string }
  | { step: 'begun'; key: string; uploadId: string }
  | { step: 'sealed'; objects: SealedObject[] }
  | { step: 'unmarked' | 'appeared' | 'swept' | 'marked' };

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
  const journal = await openJournal(options.journal, sha256(dataset.manifest), options.onStep);
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
): Promise<SealedObject[]> {
  const begun: { key: string; uploadId: string }[] = [];
  try {
    const objects: SealedObject[] = [];
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

interface PartsOf {
  key: string;
  uploadId: string;
  path: string;
  signal?: AbortSignal | undefined;
}

/** Memory: `PARTS_AT_ONCE` parts. */
async function uploadParts(
  store: S3Store,
  { key, uploadId, path: file, signal }: PartsOf,
): Promise<string[]> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const partBytes = Math.max(LEAST_PART_BYTES, Math.ceil(size / MOST_PARTS));
    const parts = Math.max(1, Math.ceil(size / partBytes));
    const etags = new Array<string>(parts);
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let at = next++; at < parts; at = next++) {
        signal?.throwIfAborted();
        const body = Buffer.alloc(Math.min(partBytes, size - at * partBytes));
        await handle.read(body, 0, body.length, at * partBytes);
        etags[at] = await store.part({ key, uploadId, number: at + 1 }, body);
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARTS_AT_ONCE, parts) }, worker));
    return etags;
  } finally {
    await handle.close();
  }
}

/** Also when an earlier try had completed it, and only its answer was lost. */
async function completeOnce(store: S3Store, object: SealedObject): Promise<void> {
  try {
    await store.complete(object);
  } catch (error) {
    if (!isNoSuchUpload(error)) throw error;
  }
  const there = await store.head(object.key);
  if (there?.bytes !== object.bytes || !isSameContent(there.etag, object.etags)) {
    throw new ThreshError(`${object.key} is not there as it was uploaded`, {
      code: 'OUTPUT_UNWRITABLE',
      scope: 'batch',
      mend: 'did somebody remove the upload? `thresh failures BATCH --retry` builds and delivers the dataset anew',
    });
  }
}

/** By S3's own ETag of a multipart object, where the server makes it so: the MD5 of the parts' MD5s, and their number. */
function isSameContent(etag: string | undefined, etags: readonly string[]): boolean {
  const bare = etag?.replaceAll('"', '') ?? '';
  const parts = etags.map((one) => one.replaceAll('"', ''));
  if (!/^[0-9a-f]{32}-\d+$/.test(bare) || !parts.every((one) => /^[0-9a-f]{32}$/.test(one))) return true;
  const whole = createHash('md5')
    .update(Buffer.from(parts.join(''), 'hex'))
    .digest('hex');
  return bare === `${whole}-${parts.length}`;
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

interface DeliveryJournal {
  lines: JournalLine[];
  has(step: JournalLine['step']): boolean;
  /** Durable when it resolves. */
  note(line: JournalLine): Promise<void>;
  close(): Promise<void>;
}

/** The journal of the delivery of this manifest; one of another (the batch was built anew) only tells what to abort. */
async function openJournal(
  file: string,
  manifest: string,
  onStep: DeliverOptions['onStep'],
): Promise<DeliveryJournal> {
  const found = await readJournal(file);
  const isOurs = found[0]?.step === 'delivery' && found[0].manifest === manifest;
  const lines: JournalLine[] = isOurs ? found : found.filter((line) => line.step === 'begun');
  const handle = await open(file, isOurs ? 'a' : 'w');
  const note = async (line: JournalLine): Promise<void> => {
    await handle.appendFile(`${JSON.stringify(line)}\n`);
    await handle.sync();
    lines.push(line);
    await onStep?.(line.step);
  };
  if (!isOurs) {
    const open = [...lines];
    lines.length = 0;
    await note({ step: 'delivery', manifest });
    for (const line of open) await note(line);
  } else await handle.appendFile('\n'); // ends a line that was torn
  return {
    lines,
    has: (step) => lines.some((line) => line.step === step),
    note,
    close: () => handle.close(),
  };
}

async function readJournal(file: string): Promise<JournalLine[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JournalLine];
    } catch {
      return []; // torn: the step was not done
    }
  });
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
