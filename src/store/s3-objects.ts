/** Objects in an S3 bucket, below a prefix. */
import { type ObjectStore, StoreTrouble } from './object-store.js';
import { placeOf } from './s3-place.js';
import { openS3Store, type S3Settings, s3Failure } from './s3-store.js';

export function openS3Objects(place: string, settings: S3Settings): ObjectStore {
  const { bucket, prefix: root } = placeOf(place);
  const store = openS3Store(bucket, settings);
  const where = `s3://${bucket}/${root}`;
  const failing = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw troubleOf(`${what} ${where}`, error);
    }
  };
  return {
    where,
    put: (key, body) => failing(`cannot write ${key} to`, () => store.put(`${root}${key}`, body)),
    has: (key) =>
      failing(`cannot read ${key} of`, async () => (await store.head(`${root}${key}`)) !== undefined),
    get: (key) =>
      failing(`cannot read ${key} of`, async () => {
        const bytes = await store.bytes(`${root}${key}`);
        return bytes === undefined ? undefined : Buffer.from(bytes);
      }),
    download: (key, file) => failing(`cannot read ${key} of`, () => store.download(`${root}${key}`, file)),
    async *list(prefix, after) {
      try {
        const behind = after && `${root}${after}`;
        for await (const { key, bytes } of store.list(`${root}${prefix}`, { after: behind, flat: true }))
          yield { key: key.slice(root.length), bytes };
      } catch (error) {
        throw troubleOf(`cannot list ${prefix} of ${where}`, error);
      }
    },
    folders: (prefix) => failing(`cannot list ${prefix} of`, () => store.folders(`${root}${prefix}`)),
    remove: (key) => failing(`cannot remove ${key} of`, () => store.remove(`${root}${key}`)),
    close: () => store.close(),
  };
}

function troubleOf(what: string, error: unknown): StoreTrouble {
  const { message, mend } = s3Failure(what, error);
  return new StoreTrouble(message, { mend, cause: error });
}
