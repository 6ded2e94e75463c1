/** The rows that were delivered of one page last. */
import type { Row } from '../dataset/comparable.js';
import type { EngineName } from '../dataset/engine.js';
import { rowsOfPages } from '../dataset/read-back.js';
import { openDestination } from '../delivery/destination.js';
import { normaliseUrl, type UrlIdentity } from '../discovery/normalise.js';
import type { S3Settings } from '../store/s3-store.js';
import { readLast } from './last-dataset.js';

export interface LastRows {
  /** That delivered them. */
  batch: string;
  date: string;
  rows: Row[];
}

export interface LastRowsOptions {
  target: string;
  identity: UrlIdentity;
  /** An absolute folder, or `s3://…`. */
  out: string;
  home: string;
  s3: S3Settings;
  engine: EngineName;
}

/** Undefined when there are none. Throws DATASET_FAILED and OUTPUT_UNWRITABLE when they cannot be read. */
export async function lastRowsOf(url: string, options: LastRowsOptions): Promise<LastRows | undefined> {
  const { target, identity, out, home, s3, engine } = options;
  const destination = await openDestination(out, s3);
  const last = await readLast({ target, destination, home }).finally(() => destination.close());
  if (last === undefined) return undefined;
  const { batch, date } = last.manifest;
  const spellings = new Set([url, normaliseUrl(url, identity) ?? url]);
  const rows = await rowsOfPages(last.files, [...spellings], engine);
  return rows.length === 0 ? undefined : { batch, date, rows };
}
