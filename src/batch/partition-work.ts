/** The two jobs by which a large dataset is built (partition-plan.ts), on whatever machine of the farm. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { aggregate } from '../dataset/aggregate.js';
import { partitionBy } from '../dataset/partition.js';
import { dealCommitted } from '../spool/deal.js';
import { dealtRows } from '../spool/dealt.js';
import type { BatchContext } from './context.js';
import { eachOf } from './fetch-objects.js';
import type { PartitionObjects, PartitionWork } from './partition-objects.js';
import { type Plan, voidsOf } from './partition-plan.js';

export interface WorkInput extends Pick<BatchContext, 'spec' | 'files' | 'target' | 'columns'> {
  plan: Plan;
  objects: PartitionObjects;
  signal: AbortSignal;
}

/** Leaves nothing behind on this machine, unless it is killed. */
export async function doPartitionWork(work: PartitionWork, number: number, input: WorkInput): Promise<void> {
  const { partitions } = input.files;
  await mkdir(partitions, { recursive: true });
  const dir = await mkdtemp(path.join(partitions, `${work}-${number}-`));
  try {
    if (work === 'split') await split(number, dir, input);
    else await write(number, dir, input);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Deals a share of the segments to the partitions. */
async function split(
  number: number,
  dir: string,
  { plan, objects, columns, target, signal }: WorkInput,
): Promise<void> {
  const [segments, out] = [path.join(dir, 'segments'), path.join(dir, 'dealt')];
  await mkdir(segments);
  await mkdir(out);
  await objects.fetchSegments(await objects.segmentsOf(number), segments);
  const dealt = await dealCommitted({
    segments,
    first: plan.splits[number] ?? 0,
    partitions: plan.partitions,
    partitionOf: partitionBy(columns, target.definition.key, plan.partitions),
    out,
    voids: voidsOf(plan),
    signal,
  });
  await eachOf([...dealt.partitions.entries()], async ([partition, file]) => {
    signal.throwIfAborted();
    await objects.putRows({ split: number, partition }, file);
  });
  await objects.putOthers('others', number, dealt.others);
  await objects.putOthers('pages', number, dealt.pages);
  await objects.tell('split', number, { totals: dealt.totals });
}

/** Writes a partition's Parquet files. */
async function write(
  number: number,
  dir: string,
  { spec, plan, objects, columns, target, signal }: WorkInput,
): Promise<void> {
  const winners = (await objects.settled())?.winners;
  if (winners === undefined) throw new Error('a partition is written before its rows are settled');
  const files = await objects.fetchRows(number, path.join(dir, 'dealt'));
  const outDir = path.join(dir, 'dataset');
  const told = await aggregate({
    rows: dealtRows({ files, winners, work: path.join(dir, 'rows'), signal }),
    columns,
    key: target.definition.key,
    batch: spec.id,
    date: spec.date,
    outDir,
    tempDir: path.join(dir, 'temp'),
    marksCarried: target.definition.incremental !== undefined,
    isPartition: true,
    engine: plan.engine,
    signal,
  });
  for (const { name, sha256 } of told.files) {
    signal.throwIfAborted();
    await objects.putFile(sha256, path.join(outDir, name));
  }
  await objects.tell('write', number, told);
}
