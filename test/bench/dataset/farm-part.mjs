// @ts-check
/** Modules of the farm as it was built. */
import path from 'node:path';

const built = path.resolve(import.meta.dirname, '../../../dist/src');

/** @type {<T>(name: string) => Promise<T>} */
const part = (name) => import(path.join(built, name));

/** @type {() => Promise<typeof import('../../../src/batch/aggregating.js')>} */
export const aggregatingPart = () => part('batch/aggregating.js');
/** What builds a dataset in partitions. */
export async function partitionsPart() {
  /** @type {typeof import('../../../src/batch/by-partitions.js')} */
  const { buildByPartitions } = await part('batch/by-partitions.js');
  /** @type {typeof import('../../../src/batch/partition-work.js')} */
  const { doPartitionWork } = await part('batch/partition-work.js');
  /** @type {typeof import('../../../src/batch/partition-objects.js')} */
  const { openPartitionObjects } = await part('batch/partition-objects.js');
  /** @type {typeof import('../../../src/batch/partition-plan.js')} */
  const { planOf } = await part('batch/partition-plan.js');
  /** @type {typeof import('../../../src/batch/share.js')} */
  const { openShare } = await part('batch/share.js');
  return { buildByPartitions, doPartitionWork, openPartitionObjects, openShare, planOf };
}
/** @type {() => Promise<typeof import('../../../src/dataset/columns.js')>} */
export const columnsPart = () => part('dataset/columns.js');
/** @type {() => Promise<typeof import('../../../src/dataset/encode.js')>} */
export const encodePart = () => part('dataset/encode.js');
/** @type {() => Promise<typeof import('../../../src/spool/segment-writer.js')>} */
export const segmentWriterPart = () => part('spool/segment-writer.js');
