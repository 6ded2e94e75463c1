/** The state `aggregating`: what the segments say, once a page, becomes the dataset in the batch's work folder. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type AggregateResult, aggregate } from '../dataset/aggregate.js';
import type { Column } from '../dataset/column.js';
import { collectCommitted } from '../spool/committed.js';
import type { CommittedTotals } from '../spool/totals.js';
import type { Voids } from '../spool/which-counts.js';
import type { BatchFiles, BatchSpec } from './spec.js';
import { type QuarantineGroup, summariseDead, summariseQuarantine } from './summaries.js';

export interface Aggregated {
  totals: CommittedTotals;
  dataset: AggregateResult;
  deadLetters: Record<string, number>;
  quarantine: QuarantineGroup[];
  engine: string;
  finishedAt: string;
}

export interface WorkFiles {
  /** A folder: the rows that count, while the dataset is built from them. */
  rows: string;
  quarantined: string;
  dead: string;
  dataset: string;
  temp: string;
  result: string;
  /** What the gate said. */
  judgement: string;
}

export function workFiles(files: BatchFiles): WorkFiles {
  return {
    rows: path.join(files.work, 'rows'),
    quarantined: path.join(files.work, 'quarantine.ndjson'),
    dead: path.join(files.work, 'dead-letters.ndjson'),
    dataset: path.join(files.work, 'dataset'),
    temp: path.join(files.work, 'temp'),
    result: path.join(files.work, 'aggregated.json'),
    judgement: path.join(files.work, 'judgement.json'),
  };
}

/** The rows that count as Parquet files, and what does not as NDJSON files, in the work folder. */
export interface Built {
  totals: CommittedTotals;
  dataset: AggregateResult;
}

export interface AggregatingInput {
  spec: BatchSpec;
  files: BatchFiles;
  columns: Column[];
  key: readonly string[];
  engine: 'duckdb' | 'parquetjs';
  voids: Voids;
  /** Its rows say from which batch they were carried over. */
  marksCarried: boolean;
  signal: AbortSignal;
}

/** `build`: in one piece, here (`buildHere`), or by the farm's machines (by-partitions.ts). */
export async function aggregateBatch(
  input: AggregatingInput,
  build: (input: AggregatingInput, work: WorkFiles) => Promise<Built> = buildHere,
): Promise<Aggregated> {
  const { files } = input;
  const work = workFiles(files);
  await rm(files.work, { recursive: true, force: true });
  try {
    await mkdir(work.dataset, { recursive: true });
    await mkdir(work.temp, { recursive: true });
    const built = await build(input, work);
    await rm(work.rows, { recursive: true, force: true }); // the segments still hold them
    await rm(work.temp, { recursive: true, force: true });
    const aggregated: Aggregated = {
      ...built,
      deadLetters: await summariseDead(work.dead),
      quarantine: await summariseQuarantine(work.quarantined),
      engine: input.engine,
      finishedAt: new Date().toISOString(),
    };
    await writeFile(work.result, JSON.stringify(aggregated));
    return aggregated;
  } catch (error) {
    // It may be waiting for room: what is half done must not be what takes it.
    await rm(files.work, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

async function buildHere(
  { spec, files, columns, key, engine, voids, marksCarried, signal }: AggregatingInput,
  work: WorkFiles,
): Promise<Built> {
  const { quarantined, dead } = work;
  const { rows, totals } = await collectCommitted({
    segments: files.segments,
    work: work.rows,
    quarantined,
    dead,
    voids,
    signal,
  });
  const dataset = await aggregate({
    rows,
    columns,
    key: [...key],
    batch: spec.id,
    date: spec.date,
    outDir: work.dataset,
    tempDir: work.temp,
    marksCarried,
    engine,
    signal,
  });
  return { totals, dataset };
}

/** What the last `aggregateBatch` of this batch made; for the states after it, also in another process. */
export async function readAggregated(files: BatchFiles): Promise<Aggregated> {
  return JSON.parse(await readFile(workFiles(files).result, 'utf8')) as Aggregated;
}
