/** One file as one multipart upload: its parts, and the object that it is to become. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ThreshError } from '../errors.js';
import { isNoSuchUpload, type S3Store } from '../store/s3-store.js';

/** S3 takes at most 10,000 parts, none but the last under 5 MB. */
export const LEAST_PART_BYTES = 8 * 1024 * 1024;
const MOST_PARTS = 10_000;
/** Parts in memory at once. */
const PARTS_AT_ONCE = 2;

/** Every part is up; it is no object yet. */
export interface UploadedObject {
  key: string;
  uploadId: string;
  bytes: number;
  etags: string[];
}

interface PartsOf {
  key: string;
  uploadId: string;
  path: string;
  signal?: AbortSignal | undefined;
}

/** Memory: `PARTS_AT_ONCE` parts. */
export async function uploadParts(
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
export async function completeOnce(store: S3Store, object: UploadedObject): Promise<void> {
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
