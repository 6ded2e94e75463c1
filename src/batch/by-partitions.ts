/**
 * A large dataset, built by the machines of the farm (partition-plan.ts), as its runner sees it: jobs split the segments;
 * what counts of pages with several commits is settled here; jobs write the partitions; and their files and figures come
 * together here. It can be killed anywhere: what jobs have done stands in the store, and whoever runs the batch next goes
 * on from there. Of the rows nothing comes to this machine but the Parquet files.
 */
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type AggregateResult, DEFAULT_MEMORY_LIMIT_MB } from '../dataset/aggregate.js';
import { fileName } from '../dataset/engine.js';
import { statisticsOfPartitions } from '../dataset/partition-statistics.js';
import type { SegmentPages } from '../spool/deal.js';
import { writeOthers } from '../spool/dealt.js';
import { recordsOf } from '../spool/lines.js';
import { createRepeats, createRivals } from '../spool/rivals.js';
import { noTotals, sumOf } from '../spool/totals.js';
import type { Built, WorkFiles } from './aggregating.js';
import { eachOf } from './fetch-objects.js';
import { createPartitionJobs } from './partition-jobs.js';
import { openPartitionObjects, type PartitionObjects, type Settled } from './partition-objects.js';
import { type Planned, voidsOf } from './partition-plan.js';
import type { Running } from './running.js';
import type { BatchShare } from './share.js';
import { publishAggregation } from './snapshots.js';

export interface ByPartitions {
  deps: Running;
  share: BatchShare;
  planned: Planned;
  work: WorkFiles;
}

/** Throws DATASET_FAILED when a job fails, StoreTrouble, what Redis throws, and the signal's reason. */
export async function buildByPartitions({ deps, share, planned, work }: ByPartitions): Promise<Built> {
  const { plan } = planned;
  const objects = openPartitionObjects(share, plan.id);
  const standing = { split: 0, splits: plan.splits.length, written: 0, partitions: plan.partitions };
  const jobs = createPartitionJobs({
    ...{ deps, plan, objects },
    async onProgress(kind, done) {
      standing[kind === 'split' ? 'split' : 'written'] = done;
      deps.wait.over(); // it moves again
      await publishAggregation(deps, standing);
    },
  });
  if ((await objects.plan()) === undefined) await objects.putPlan(planned);
  await jobs.allDone('split', plan.splits.length);
  const settled = (await objects.settled()) ?? (await settle({ planned, objects, temp: work.temp }));
  await jobs.allDone('write', plan.partitions);
  await writeOthers({
    files: await objects.fetchOthers('others', path.join(work.temp, 'others')),
    winners: settled.winners,
    work: work.rows,
    quarantined: work.quarantined,
    dead: work.dead,
    signal: deps.signal,
  });
  return { totals: settled.totals, dataset: await gather({ deps, planned, objects, work }) };
}

interface Settling {
  planned: Planned;
  objects: PartitionObjects;
  temp: string;
}

/** Pages that were committed once are not looked at again, and of others only the segments that they stand in. */
async function settle({ planned, objects, temp }: Settling): Promise<Settled> {
  const { plan } = planned;
  const files = await objects.fetchOthers('pages', path.join(temp, 'pages'));
  const repeats = createRepeats();
  for (const file of files) for await (const pages of recordsOf<SegmentPages>(file)) repeats.add(pages);
  const told = await objects.told('split', plan.splits.length);
  const totals = told.reduce((sum, one) => sumOf(sum, one.totals), noTotals());
  const rivals = createRivals(repeats.found, { voids: voidsOf(plan), totals });
  for (const file of repeats.found.size === 0 ? [] : files) {
    const wanted = new Map<string, number>();
    for await (const { name, segment, pages } of recordsOf<SegmentPages>(file))
      if (pages.some((page) => repeats.found.has(page))) wanted.set(name, segment);
    const dir = path.join(temp, 'rivals');
    await mkdir(dir);
    await objects.fetchSegments([...wanted.keys()], dir);
    await rivals.meet(dir, (name) => wanted.get(name) ?? 0);
    await rm(dir, { recursive: true });
  }
  const settled: Settled = { totals, winners: rivals.winners() };
  await objects.putSettled(settled);
  return settled;
}

interface Gathering {
  deps: Running;
  planned: Planned;
  objects: PartitionObjects;
  work: WorkFiles;
}

/** Files are named in the order of the partitions; an empty partition has none, unless there is no other. */
async function gather({ deps, planned, objects, work }: Gathering): Promise<AggregateResult> {
  const { spec, columns, signal } = deps;
  const { plan } = planned;
  const partitions = await objects.told('write', plan.partitions);
  const written = partitions.flatMap(({ files }) => files);
  const full = written.filter(({ rows }) => rows > 0);
  const files = (full.length > 0 ? full : written.slice(0, 1)).map((file, place) => ({
    ...file,
    name: fileName(spec.id, place),
  }));
  await eachOf(files, async ({ name, bytes, sha256 }) => {
    signal.throwIfAborted();
    const fetched = await objects.fetchFile(sha256, path.join(work.temp, name));
    if (fetched === undefined || (await stat(fetched)).size !== bytes)
      throw new Error(`a file of the dataset is not whole in the store: ${sha256}`);
    await rename(fetched, path.join(work.dataset, name));
  });
  const statistics = await statisticsOfPartitions({
    ...{ columns, partitions, signal },
    engine: plan.engine,
    files: files.map(({ name }) => path.join(work.dataset, name)),
    memoryLimitMb: DEFAULT_MEMORY_LIMIT_MB,
    spill: path.join(work.temp, 'spill'),
  });
  const [read = 0, delivered = 0] = (['read', 'delivered'] as const).map((what) =>
    partitions.reduce((sum, one) => sum + one[what], 0),
  );
  return { files, read, delivered, duplicates: read - delivered, statistics };
}
