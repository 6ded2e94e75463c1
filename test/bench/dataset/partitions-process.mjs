// @ts-check
/**
 * One aggregation in partitions, all of whose jobs this one process does, one after the other: what a farm of one
 * machine takes, and no machine of a larger one takes more memory. The store is a folder, and there is no Redis: the queue
 * is a loop. Arguments: engine, segments, work folder, MB a partition. Prints what it took.
 */
import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { key, schema } from './catalogue.mjs';
import { aggregatingPart, columnsPart, partitionsPart } from './farm-part.mjs';
import { startCost } from './process-cost.mjs';

/** @typedef {Parameters<typeof import('../../../src/batch/by-partitions.js').buildByPartitions>[0]['deps']} Deps */

const [engine = 'duckdb', segments = '', work = '', partitionMb = ''] = process.argv.slice(2);
const { aggregateBatch } = await aggregatingPart();
const { buildByPartitions, doPartitionWork, openPartitionObjects, openShare, planOf } =
  await partitionsPart();
const { columns } = (await columnsPart()).columnsOf(schema);

const batch = 'bench-20260301-000000';
const root = path.join(path.dirname(work), 'store');
await mkdir(path.join(root, 'batches', batch), { recursive: true });
await symlink(segments, path.join(root, 'batches', batch, 'segments'));
const share = (await openShare(root, { home: root, s3: {} }))?.of(batch);
if (share === undefined) throw new Error('there is no store');
const spec = /** @type {Deps['spec']} */ ({ id: batch, date: '2026-03-01' });
const cost = startCost();
const { signal } = new AbortController();
const input = {
  ...{ spec, columns, key, voids: {}, marksCarried: false, signal },
  files: /** @type {Deps['files']} */ ({ segments, work, partitions: path.join(path.dirname(work), 'jobs') }),
  engine: engine === 'duckdb' ? /** @type {const} */ ('duckdb') : /** @type {const} */ ('parquetjs'),
};
const planned = await planOf({ ...input, share, partitionMb: Number(partitionMb) });
if (planned === undefined) throw new Error('so few rows are one partition');
const { plan } = planned;
const target = /** @type {Deps['target']} */ (/** @type {unknown} */ ({ definition: { key } }));
const jobs = { ...input, target, plan, objects: openPartitionObjects(share, plan.id) };
const partitionQueue = {
  getFailed: async () => [],
  /** @param {{ data: import('../../../src/queue/queues.js').PartitionJob }[]} added */
  async addBulk(added) {
    for (const { data } of added) await doPartitionWork(data.work, data.number, jobs);
  },
};
const board = { snapshot: async () => undefined };
const deps = /** @type {Deps} */ (
  /** @type {unknown} */ ({ ...input, target, partitionQueue, board, wait: { over: () => false } })
);
const { totals, dataset } = await aggregateBatch(input, (_, folder) =>
  buildByPartitions({ deps, share, planned, work: folder }),
);
const { read, delivered, duplicates } = dataset;
console.log(
  JSON.stringify({ ...cost.taken(), pages: totals.outcomes.completed, read, delivered, duplicates }),
);
await rm(root, { recursive: true, force: true });
