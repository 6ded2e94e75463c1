/** Where datasets go: a folder or an S3 bucket. */

import type { S3Settings } from '../store/s3-store.js';
import type { Destination } from './contract.js';
import { folderDestination } from './folder.js';

/** `out`: an absolute folder, or `s3://BUCKET[/PREFIX]`. */
export async function openDestination(out: string, s3: S3Settings): Promise<Destination> {
  if (!out.startsWith('s3://')) return folderDestination(out);
  const { s3Destination } = await import('./s3-destination.js'); // the SDK takes half a second to load
  return s3Destination(out, s3);
}
