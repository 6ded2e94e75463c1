/**
 * How a large batch's dataset is built by several machines: its segments are split, each share of them is dealt to the
 * partitions by one job, and each partition is written by another one. A plan's name is a hash of all that its results
 * follow from: which segments, what of them does not count, how many partitions, the key. So whoever runs the batch comes
 * to the same plan and goes on with what is done of it; whoever still works by another one is in nobody's way.
 */
import { createHash } from 'node:crypto';
import { type Column, schemaHash } from '../dataset/column.js';
import type { EngineName } from '../dataset/engine.js';
import { partitionsFor } from '../dataset/partition.js';
import type { Voids } from '../spool/which-counts.js';
import { isFileName } from './fetch-objects.js';
import type { BatchShare } from './share.js';
import type { BatchSpec } from './spec.js';

/** Of what stands in the store by a plan. Whoever knows another one leaves it alone. */
export const PLAN_VERSION = 1;

export interface Plan {
  version: typeof PLAN_VERSION;
  id: string;
  partitions: number;
  engine: EngineName;
  deadBefore?: string;
  softBeyond?: [document: string, nth: number][];
  carried?: boolean;
  /** Of its rows. */
  schema: string;
  /** For each split, how many of the batch's segments come before its own. */
  splits: number[];
}

export interface PlanInput {
  spec: BatchSpec;
  share: BatchShare;
  columns: Column[];
  key: readonly string[];
  engine: EngineName;
  voids: Voids;
  marksCarried: boolean;
  /** MB of segments that a partition takes; 0: no partitions. */
  partitionMb: number;
}

export interface Planned {
  plan: Plan;
  /** The names of each split's segments, in order. */
  segments: string[][];
}

/** Undefined when the batch is small enough to be built in one piece. Throws StoreTrouble. */
export async function planOf(input: PlanInput): Promise<Planned | undefined> {
  const { share, partitionMb, voids, columns, engine } = input;
  if (partitionMb === 0) return undefined;
  const prefix = `${share.at}segments/`;
  const found: { name: string; bytes: number }[] = [];
  for await (const { key, bytes } of share.objects.list(prefix)) {
    const name = key.slice(prefix.length);
    if (isFileName(name) && name.endsWith('.ndjson')) found.push({ name, bytes });
  }
  const total = found.reduce((sum, { bytes }) => sum + bytes, 0);
  const partitions = partitionsFor(total, partitionMb);
  if (partitions === 1) return undefined;
  const segments = splitUp(found, total / partitions);
  const { deadBefore, softBeyond, carried } = voids;
  const plan: Omit<Plan, 'id'> = {
    version: PLAN_VERSION,
    partitions,
    engine,
    ...(deadBefore === undefined ? {} : { deadBefore }),
    ...(softBeyond === undefined ? {} : { softBeyond: [...softBeyond].sort() }),
    ...(carried === undefined ? {} : { carried }),
    schema: schemaHash(columns),
    splits: segments.map((_, at) => segments.slice(0, at).reduce((sum, { length }) => sum + length, 0)),
  };
  return { plan: { ...plan, id: idOf(plan, found, input) }, segments };
}

/** Of what its pages' commits say, what does not count. */
export function voidsOf({ deadBefore, softBeyond, carried }: Plan): Voids {
  return { deadBefore, softBeyond: softBeyond && new Map(softBeyond), carried };
}

/** Neighbours together, so many bytes each: as a partition, a share is to fit on any machine. */
function splitUp(found: readonly { name: string; bytes: number }[], most: number): string[][] {
  const splits: string[][] = [];
  let room = 0;
  for (const { name, bytes } of found) {
    if (room <= 0) {
      splits.push([]);
      room += most;
    }
    splits.at(-1)?.push(name);
    room -= bytes;
  }
  return splits;
}

function idOf(
  plan: Omit<Plan, 'id'>,
  found: readonly { name: string; bytes: number }[],
  { spec, key, marksCarried }: PlanInput,
): string {
  const hash = createHash('sha256').update(
    JSON.stringify({ plan, batch: spec.id, date: spec.date, code: spec.targetHash, key, marksCarried }),
  );
  for (const { name, bytes } of found) hash.update(`${name} ${bytes}\n`);
  return hash.digest('hex').slice(0, 16);
}
