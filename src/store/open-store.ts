import path from 'node:path';
import { openFolderStore } from './folder-store.js';
import type { ObjectStore } from './object-store.js';
import type { S3Settings } from './s3-store.js';

/** `place`: a folder, or `s3://BUCKET[/PREFIX]`. */
export async function openObjectStore(place: string, s3: S3Settings): Promise<ObjectStore> {
  if (!place.startsWith('s3://')) {
    return openFolderStore(path.resolve(place));
  }
  const { openS3Objects } = await import('./s3-objects.js'); // the SDK takes half a second to load
  return openS3Objects(place, s3);
}
