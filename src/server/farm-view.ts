/** What the server shows of a farm and does for people: reads files and Redis, and hands batches to the workers. */
import { workFiles } from '../batch/aggregating.js';
import { loadChecked } from '../batch/context.js';
import { isEnd, lastEntry } from '../batch/journal.js';
import { dateIn, enqueueBatch, openBatch } from '../batch/open-batch.js';
import { type BatchSpec, batchFiles, listSpecs } from '../batch/spec.js';
import { readReport, standingNow } from '../batch/standings.js';
import { release, retryDead, standingOf, steer } from '../batch/steer.js';
import { groupDead, summariseQuarantine } from '../batch/summaries.js';
import { openDestination } from '../delivery/destination.js';
import type { S3Settings } from '../delivery/s3-store.js';
import type { RedisHandle } from '../queue/redis.js';
import { createWorkerBoard } from '../queue/worker-board.js';
import type { Seen } from './metrics.js';
import type { BatchView } from './schemas.js';

export interface FarmViewOptions {
  home: string;
  /** Absolute. */
  targetsDir: string;
  redis: RedisHandle;
  s3: S3Settings;
  /** Where a target's datasets go that names no place of its own. */
  outOf: (deliverTo: string | undefined) => string;
}

export type FarmView = ReturnType<typeof createFarmView>;

export function createFarmView({ home, targetsDir, redis, s3, outOf }: FarmViewOptions) {
  async function viewOf(spec: BatchSpec): Promise<BatchView> {
    const { snapshot, workers, pages, rows, state, ...named } = await standingNow(spec, home, redis);
    return {
      ...named,
      state,
      ended: ['delivered', 'held', 'failed', 'cancelled'].includes(state),
      ...(pages === undefined ? {} : { pages }),
      ...(rows === undefined ? {} : { rows }),
      ...(snapshot === undefined
        ? {}
        : {
            pagesPerSecond: snapshot.pagesPerSecond,
            inFlight: snapshot.inFlight,
            limit: snapshot.limit,
            ...(snapshot.etaMs === undefined ? {} : { etaMs: snapshot.etaMs }),
          }),
      ...(workers === undefined
        ? {}
        : {
            workers: workers.map(({ worker, slots, inFlight, memoryMb }) => ({
              ...{ worker, slots, inFlight, memoryMb },
            })),
          }),
    };
  }

  /** Throws USAGE when there is none. */
  async function specOf(id: string): Promise<BatchSpec> {
    return (await standingOf(home, id)).spec;
  }

  /** Those that run, and of each target the last one that has ended: a scrape looks at no more. */
  async function seen(): Promise<Seen> {
    const batches: BatchView[] = [];
    const deliveredAtMs = new Map<string, number>();
    const known = new Set<string>();
    for (const spec of await listSpecs(home)) {
      const entry = await lastEntry(batchFiles(home, spec.id).journal);
      const hasEnded = entry !== undefined && isEnd(entry.state);
      if (entry?.state === 'delivered' && !deliveredAtMs.has(spec.target))
        deliveredAtMs.set(spec.target, Date.parse(entry.at));
      if (hasEnded && known.has(spec.target)) continue;
      if (hasEnded) known.add(spec.target);
      batches.push(await viewOf(spec));
    }
    return { batches, workers: await createWorkerBoard(redis.client).standing(), deliveredAtMs };
  }

  return {
    viewOf: async (id: string) => viewOf(await specOf(id)),
    seen,
    async list({
      target,
      state,
      limit,
      offset,
    }: {
      target?: string;
      state?: string;
      limit: number;
      offset: number;
    }) {
      const specs = (await listSpecs(home)).filter((spec) => target === undefined || spec.target === target);
      if (state === undefined) {
        const page = specs.slice(offset, offset + limit);
        return { batches: await Promise.all(page.map(viewOf)), total: specs.length };
      }
      const views = (await Promise.all(specs.map(viewOf))).filter((view) => view.state === state);
      return { batches: views.slice(offset, offset + limit), total: views.length };
    },
    report: async (id: string) => readReport(home, await specOf(id)),
    async failures(id: string) {
      await specOf(id);
      return { causes: await groupDead(workFiles(batchFiles(home, id)).dead) };
    },
    async quarantine(id: string) {
      await specOf(id);
      return { causes: await summariseQuarantine(workFiles(batchFiles(home, id)).quarantined) };
    },
    /** Throws TARGET_INVALID, USAGE. */
    async open({ target: name, date: given, limit }: { target: string; date?: string; limit?: number }) {
      const target = await loadChecked(name, targetsDir);
      const { schedule, deliver } = target.definition;
      const date = given ?? dateIn(schedule?.tz ?? 'UTC', new Date());
      const out = outOf(deliver?.to);
      const destination = await openDestination(out, s3);
      await destination.probe().finally(() => destination.close());
      const request = { home, target, date, out, ...(limit === undefined ? {} : { limit }) };
      const { spec, resumedFrom } = await openBatch(request, redis);
      return { batch: spec.id, date, resumed: resumedFrom !== undefined };
    },
    async steer(id: string, to: 'pause' | 'run' | 'cancel') {
      await steer(home, id, to, redis);
    },
    async retry(id: string) {
      await retryDead(home, id);
      await enqueueBatch(id, redis);
    },
    async release(id: string) {
      await release(home, id);
      await enqueueBatch(id, redis);
    },
  };
}
