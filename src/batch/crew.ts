/** A process's worker for one target: takes page jobs from the target's queue and works them with the pool; beside it one for datasets. */
import { type Job, Worker } from 'bullmq';
import type { BrowserPool } from '../../browser-pool/index.js';
import type { StartGate } from '../page/start-gate.js';
import { type PageJob, type PageWorkDeps, retryDelayMs, workPage } from '../page/work-page.js';
import { PREFIX, pageQueue } from '../queue/keys.js';
import type { RedisHandle } from '../queue/redis.js';
import type { TargetBoard } from '../queue/target-board.js';
import { type BatchContext, OtherCode } from './context.js';
import type { OnBatchEvent } from './events.js';
import { giveBack } from './give-back.js';
import { createPartitionCrew } from './partition-crew.js';
import type { Share } from './share.js';

export interface CrewOptions {
  target: string;
  redis: RedisHandle;
  board: TargetBoard;
  pool: BrowserPool;
  concurrency: number;
  gate: StartGate;
  contextOf: (batch: string) => Promise<BatchContext>;
  /** The farm's store, where there is one: large datasets of the target are built from it. */
  share?: Share | undefined;
  onEvent: OnBatchEvent;
  /** Aborts when no more is to be begun. */
  stopping: AbortSignal;
  /** Aborts when pages in flight are to be given back. */
  signal: AbortSignal;
}

export interface Crew {
  /** Pages that are at the target. */
  inFlight(): number;
  /** Pages that it has come to an end with, since it began; while pages are fetched none is counted. */
  completed(): number;
  /** Pages at once. */
  size(): number;
  /** So many pages at once from now on, at least one. Those in flight go on. */
  resize(pages: number): void;
  /** Most pages at once that it could do with now: with all that it may have at work, any number. */
  wants(): number;
  /** Its slots are what holds it back: all are taken, and pages do not wait for something else before they start. */
  isBound(): boolean;
  /** Its pages need no browser now, but for a few: how many the browsers bear says nothing of them. */
  isFetching(): boolean;
  /** Takes no more pages and waits for those in flight. */
  close(): Promise<void>;
}

/** Renewed four times over before it lapses, so that a loaded machine does not lose it. */
const PAGE_LOCK_MS = 10_000;
const RENEW_MS = 2_500;
const STALLED_LOOK_MS = 2_500;
const OTHER_CODE_MS = 1_000;

export function createCrew(options: CrewOptions): Crew {
  const { redis, pool, gate, onEvent, signal } = options;
  let size = options.concurrency;
  /** Pages that it has taken from its queue and not settled. */
  let taken = 0;
  let completed = 0;
  let fetching = false;
  const depsBy = new WeakMap<BatchContext, PageWorkDeps>();
  const worker = new Worker<PageJob>(
    pageQueue(options.target),
    async (job, token) => {
      taken += 1;
      try {
        await work(job, token);
        if (!fetching) completed += 1;
      } finally {
        taken -= 1;
      }
    },
    {
      connection: redis.connection,
      prefix: PREFIX,
      concurrency: options.concurrency,
      lockDuration: PAGE_LOCK_MS,
      lockRenewTime: RENEW_MS,
      stalledInterval: STALLED_LOOK_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      drainDelay: 1,
      settings: { backoffStrategy: (attemptsMade) => retryDelayMs(attemptsMade, options.board) },
    },
  );
  const partitions =
    options.share && createPartitionCrew({ ...options, lane: options.target, signal: options.stopping });
  worker.on('error', () => undefined); // lost links are told by the handle's own client

  async function work(job: Job<PageJob>, token: string | undefined): Promise<void> {
    const context = await options.contextOf(job.data.batch).catch((error: unknown) => {
      if (error instanceof OtherCode) return undefined;
      throw error;
    });
    if (context === undefined) return giveBack(job, token, OTHER_CODE_MS); // for a worker that has its code
    if ((await context.standing()) !== 'fetching') return; // left over from a batch that went on
    fetching = context.lane?.isFetching?.() === true;
    await workPage(job, token, depsOf(context));
  }

  /** Of each batch once: its pages are many. */
  function depsOf(context: BatchContext): PageWorkDeps {
    const known = depsBy.get(context);
    if (known !== undefined) return known;
    const { holdUntil } = gate;
    const here = {
      dir: context.files.dir,
      pool,
      enter: () => gate.enter(signal),
      holdUntil,
      onEvent,
      signal,
    };
    const deps = { ...context, ...here };
    depsBy.set(context, deps);
    return deps;
  }

  return {
    inFlight: () => gate.inside(),
    completed: () => completed,
    size: () => size,
    resize(pages) {
      size = pages;
      gate.resize(pages);
      worker.concurrency = pages + gate.ahead();
    },
    wants: () => (taken >= worker.concurrency ? Number.POSITIVE_INFINITY : taken + 1),
    isFetching: () => fetching && taken > 0,
    isBound: () => taken >= worker.concurrency && gate.inside() * 2 > size,
    async close() {
      await Promise.all([worker.close(), partitions?.close()]);
    },
  };
}
