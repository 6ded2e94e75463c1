/**
 * What stands in the farm's store of a dataset that is built in partitions:
 *
 *   batches/BATCH/partitions/PLAN/
 *     plan.json                     how it is built (partition-plan.ts)
 *     segments/SPLIT                the names of the split's segments
 *     rows/PARTITION/SPLIT-PIECE    its rows of that partition (spool/deal.ts)
 *     others/SPLIT-PIECE            its quarantined rows and dead letters
 *     pages/SPLIT-PIECE             the pages that it saw committed, by segment
 *     winners.json                  what counts of pages that were committed more than once, and the totals
 *     files/HASH/file-PIECE         a Parquet file
 *     done/split-SPLIT, write-PARTITION    written last: the job is done, and what it told
 *
 * Whatever a job is begun anew, it writes the same under the same names. Nothing here is fenced: it counts when whoever
 * holds the batch's record says so.
 */
import path from 'node:path';
import type { AggregateResult } from '../dataset/aggregate.js';
import type { Winner } from '../spool/rivals.js';
import type { CommittedTotals } from '../spool/totals.js';
import { eachOf, fetchPieces, putPieces } from './fetch-objects.js';
import type { Plan, Planned } from './partition-plan.js';
import type { BatchShare } from './share.js';

/** What is done by jobs; a split's number is its place among the plan's, a partition's is its own. */
export type PartitionWork = 'split' | 'write';

export interface Told {
  split: { totals: CommittedTotals };
  write: AggregateResult;
}

export interface Settled {
  totals: CommittedTotals;
  winners: Winner[];
}

export interface PartitionObjects {
  plan(): Promise<Plan | undefined>;
  putPlan(planned: Planned): Promise<void>;
  segmentsOf(split: number): Promise<string[]>;
  /** Segments of the batch as files of a folder. */
  fetchSegments(names: readonly string[], dir: string): Promise<void>;
  putRows(at: { split: number; partition: number }, file: string): Promise<void>;
  /** Of a partition, a file a split, in the order of these. */
  fetchRows(partition: number, dir: string): Promise<string[]>;
  putOthers(what: 'others' | 'pages', split: number, file: string): Promise<void>;
  fetchOthers(what: 'others' | 'pages', dir: string): Promise<string[]>;
  settled(): Promise<Settled | undefined>;
  putSettled(settled: Settled): Promise<void>;
  putFile(sha256: string, file: string): Promise<void>;
  /** Into a folder of its own; undefined when it is not there. */
  fetchFile(sha256: string, dir: string): Promise<string | undefined>;
  /** The numbers of the jobs that are done. */
  done(work: PartitionWork): Promise<Set<number>>;
  tell<W extends PartitionWork>(work: W, number: number, told: Told[W]): Promise<void>;
  /** What `count` jobs told, in the order of their numbers. Throws when one has not. */
  told<W extends PartitionWork>(work: W, count: number): Promise<Told[W][]>;
}

/** All of it throws StoreTrouble. */
export function openPartitionObjects({ objects: store, at }: BatchShare, planId: string): PartitionObjects {
  const root = `${at}partitions/${planId}/`;
  const put = (name: string, value: unknown): Promise<void> =>
    store.put(root + name, Buffer.from(JSON.stringify(value)));

  async function get<T>(name: string): Promise<T | undefined> {
    const body = await store.get(root + name);
    return body === undefined ? undefined : (JSON.parse(body.toString()) as T);
  }

  async function needed<T>(name: string): Promise<T> {
    const found = await get<T>(name);
    if (found === undefined) throw new Error(`${root}${name} is gone from ${store.where}`);
    return found;
  }

  return {
    plan: () => get('plan.json'),
    async putPlan({ plan, segments }) {
      await eachOf([...segments.entries()], ([split, names]) => put(`segments/${pad(split)}`, names));
      await put('plan.json', plan);
    },
    segmentsOf: (split) => needed(`segments/${pad(split)}`),
    async fetchSegments(names, dir) {
      await eachOf(names, async (name) => {
        if (!(await store.download(`${at}segments/${name}`, path.join(dir, name))))
          throw new Error(`the segment ${name} is gone from ${store.where}`);
      });
    },
    putRows: ({ split, partition }, file) =>
      putPieces(store, `${root}rows/${pad(partition)}/${pad(split)}`, file),
    fetchRows: (partition, dir) => fetchPieces(store, `${root}rows/${pad(partition)}/`, dir),
    putOthers: (what, split, file) => putPieces(store, `${root}${what}/${pad(split)}`, file),
    fetchOthers: (what, dir) => fetchPieces(store, `${root}${what}/`, dir),
    settled: () => get('winners.json'),
    putSettled: (settled) => put('winners.json', settled),
    putFile: (sha256, file) => putPieces(store, `${root}files/${sha256}/file`, file),
    fetchFile: async (sha256, dir) => (await fetchPieces(store, `${root}files/${sha256}/`, dir))[0],
    async done(work) {
      const done = new Set<number>();
      for await (const { key } of store.list(`${root}done/`)) {
        const [of, number] = key.slice(`${root}done/`.length).split('-');
        if (of === work) done.add(Number(number));
      }
      return done;
    },
    tell: (work, number, told) => put(`done/${work}-${pad(number)}`, told),
    async told(work, count) {
      const told = new Array<Told[typeof work]>(count);
      await eachOf([...told.keys()], async (number) => {
        told[number] = await needed(`done/${work}-${pad(number)}`);
      });
      return told;
    },
  };
}

function pad(number: number): string {
  return String(number).padStart(5, '0');
}
