/** The dataset that a batch delivered, or why there is none. */
import { basename } from 'node:path';
import type { ColumnDescription } from '../dataset/column.js';
import type { DiffSide } from '../dataset/diff.js';
import type { Destination } from '../delivery/contract.js';
import { openDestination } from '../delivery/destination.js';
import type { DeliveredFile, Manifest } from '../delivery/manifest.js';
import { ThreshError } from '../errors.js';
import type { S3Settings } from '../store/s3-store.js';
import { lastEntry } from './journal.js';
import { batchFiles, isBatchId, readSpec, targetOf } from './spec.js';

export interface DeliveredBatchOptions {
  home: string;
  /** Where datasets go: looked into for a batch that this home does not know. */
  out: string;
  s3: S3Settings;
}

export interface DeliveredBatch {
  batch: string;
  target: string;
  date: string;
  manifest: Manifest;
  /** Its files on this machine; from S3 copies of them, in `folder`. Throws DATASET_FAILED when they are not all there. */
  side(folder: string): Promise<DiffSide>;
  /** That stands for the date before; undefined when none does. Samples are passed over. */
  before(): Promise<string | undefined>;
  close(): void;
}

/** Throws USAGE when no dataset of it stands there, OUTPUT_UNWRITABLE when that cannot be looked up. */
export async function openDelivered(batch: string, options: DeliveredBatchOptions): Promise<DeliveredBatch> {
  if (!isBatchId(batch))
    throw usage(
      `"${batch}" is no batch`,
      'a batch is called NAME-YYYYMMDD-XXXXXX; `thresh status` lists them',
    );
  const spec = await readSpec(options.home, batch);
  const [target, date] = [targetOf(batch), dateOf(batch)];
  const destination = await openDestination(spec?.out ?? options.out, options.s3);
  try {
    const manifest = await destination.manifestOf(target, date);
    if (manifest?.batch !== batch) {
      const state = spec && (await lastEntry(batchFiles(options.home, batch).journal))?.state;
      throw absence({ batch, state, where: destination.where(target, date), instead: manifest?.batch });
    }
    return {
      ...{ batch, target, date, manifest },
      side: (folder) => sideOf(manifest, destination, folder),
      before: async () => (await destination.earlier(target, date, 1))[0]?.batch,
      close: () => destination.close(),
    };
  } catch (error) {
    destination.close();
    throw error;
  }
}

interface Absence {
  batch: string;
  state: string | undefined;
  where: string;
  /** That stands in its place. */
  instead: string | undefined;
}

function absence({ batch, state, where, instead }: Absence): ThreshError {
  if (state !== undefined && state !== 'delivered')
    return usage(
      `${batch} is ${state}: it has delivered nothing that could be compared`,
      '`thresh status` lists the batches; those that are delivered can be',
    );
  if (instead !== undefined)
    return usage(
      `the dataset of ${batch} is not there any more: ${instead}, a later run for that date, replaced it`,
      `compare with ${instead}; a run with another --out keeps both`,
    );
  return usage(
    state === undefined
      ? `there is no batch "${batch}" in this THRESH_HOME, and no dataset at ${where}`
      : `the dataset of ${batch} is not at ${where} any more`,
    state === undefined
      ? '`thresh status` lists the batches; THRESH_OUT says where datasets of other homes stand'
      : 'was it moved or removed? `thresh run TARGET --date D` makes one anew',
  );
}

async function sideOf(manifest: Manifest, destination: Destination, folder: string): Promise<DiffSide> {
  const { target, date, schema } = manifest;
  const files: DiffSide['files'][number][] = [];
  for (const { name, rows } of manifest.files) {
    const path = await destination.fetch({ target, date, name: basename(name) }, folder);
    if (path === undefined) throw torn(destination.where(target, date), manifest.files);
    files.push({ path, rows });
  }
  return { columns: schema.columns as ColumnDescription[], key: schema.key, files };
}

function torn(where: string, files: readonly DeliveredFile[]): ThreshError {
  return new ThreshError(`${where} lacks some of the ${files.length} files that its _SUCCESS lists`, {
    code: 'DATASET_FAILED',
    scope: 'batch',
    mend: 'was it replaced at this moment? then try again; else run the target again for that date',
  });
}

/** `YYYY-MM-DD`, of a batch's id. */
function dateOf(batch: string): string {
  const digits = batch.slice(-'YYYYMMDD-XXXXXX'.length);
  return `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}`;
}

function usage(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
