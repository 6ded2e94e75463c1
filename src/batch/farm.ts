/**
 * A process of the farm: one way to Redis, one browser pool, a BullMQ worker that takes batches and one for the pages
 * of each target at work. Everything is put together here and nowhere else.
 */
import { setMaxListeners } from 'node:events';
import { type Job, Worker } from 'bullmq';
import type { BrowserPool } from '../../browser-pool/index.js';
import { createStartGate, type StartGate } from '../page/start-gate.js';
import { openBatches } from '../queue/batch-board.js';
import { BATCH_QUEUE, PREFIX } from '../queue/keys.js';
import { createMemoryMark } from '../queue/memory-mark.js';
import type { RedisHandle } from '../queue/redis.js';
import { createTargetBoard, type TargetBoard } from '../queue/target-board.js';
import { createWorkerBoard } from '../queue/worker-board.js';
import { LogLost } from '../store/fenced-log.js';
import type { S3Settings } from '../store/s3-store.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import { type BatchContext, OtherCode, writerName } from './context.js';
import { createContexts } from './contexts.js';
import { type Crew, createCrew } from './crew.js';
import { openEngines } from './engines.js';
import type { OnBatchEvent } from './events.js';
import { createFarmBrowsers } from './farm-browsers.js';
import { giveBack } from './give-back.js';
import { type EndState, isEnd, lastEntry } from './journal.js';
import { runBatch } from './machine.js';
import { enqueueBatch } from './open-batch.js';
import { type RunnerLock, takeRunnerLock } from './runner-lock.js';
import type { Share } from './share.js';
import { batchFiles, laneOf, listSpecs, targetOf, targetOfLane } from './spec.js';
import { keepSlots } from './worker-slots.js';

export interface FarmOptions {
  home: string;
  redisUrl: string | undefined;
  /** The store of a farm of several machines; undefined: all of it is on this one. */
  share?: Share | undefined;
  /** Where targets are looked up by name; with a store alone. Default `./targets`. */
  targetsDir?: string;
  engine: 'duckdb' | 'parquetjs';
  /** MB of segments in the store that one partition of a large dataset takes. Default 0: it is built in one piece. */
  partitionMb?: number;
  s3: S3Settings;
  executablePath: string | undefined;
  /** How often a headless shell draws a page. */
  frames: 'seldom' | 'usual';
  /** Most memory of one process of a browser. */
  maxProcessMb: number;
  /** Memory of one browser, MB; 0: no budget. Undefined: a share of `maxMemoryMb`. */
  maxBrowserMb: number | undefined;
  /** Memory for this process and its browsers, MB; 0: no bound. Undefined: 80 % of what there is. */
  maxMemoryMb: number | undefined;
  /** Pages at once in this process, at most: its machine may have room for fewer. */
  concurrency: number;
  /** Pages at once to begin with. Default: `concurrency`. */
  beginAt?: number;
  /** Default: one of real browsers. Closed with the farm. */
  pool?: BrowserPool;
  /** Default: by `redisUrl`. Closed with the farm. */
  redis?: RedisHandle;
  /** Only this batch is worked on. */
  onlyBatch?: string;
  /** Only batches of these targets; all when empty. */
  targets?: readonly string[];
  onEvent: OnBatchEvent;
  onSnapshot: (snapshot: BatchSnapshot) => void;
  onLink: (up: boolean) => void;
}

export interface Farm {
  redis: RedisHandle;
  /** Takes no more work; pages in flight end or, after `limitMs`, are given back. What is unfinished can be resumed. */
  finish(limitMs: number): Promise<void>;
  /** The same, and lets go of Redis. */
  stop(limitMs: number): Promise<void>;
  /** Cuts a `stop` short. */
  stopNow(): void;
}

interface BatchJob {
  batch: string;
}

interface BatchRun {
  end: Promise<EndState>;
  /** Aborts when the batch may have been taken over. */
  lost: AbortController;
}

/** A batch whose process died is taken over after at most the lock's time and a look at the stalled. */
const BATCH_LOCK_MS = 10_000;
const RENEW_MS = 2_500;
const STALLED_LOOK_MS = 2_500;
const NOT_OURS_MS = 1_000;
const OPEN_LOOK_MS = 2_000;
const OTHER_CODE_MS = 5_000;
const BATCHES_AT_ONCE = 4;

/** Throws BROWSER_UNAVAILABLE, REDIS_UNAVAILABLE or StoreTrouble before any work is taken. */
export async function startFarm(options: FarmOptions): Promise<Farm> {
  await options.share?.probe();
  const pool = options.pool ?? createFarmBrowsers(options);
  const redis = await openEngines(pool, options);
  const stopping = new AbortController();
  const cutting = new AbortController();
  setMaxListeners(0, stopping.signal, cutting.signal); // every page at work listens
  const crews = new Map<string, Crew>();
  const gates = new Map<string, StartGate>();
  const boards = new Map<string, TargetBoard>();
  const runs = new Map<string, BatchRun>();
  const leftTo = new Map<string, number>();

  const contexts = createContexts(options.home, {
    redis,
    pool,
    boardOf,
    share: options.share,
    targetsDir: options.targetsDir ?? 'targets',
    onEvent: options.onEvent,
    stopping: stopping.signal,
    signal: cutting.signal,
  });

  function gateOf(target: string): StartGate {
    const gate = gates.get(target) ?? createStartGate(options.concurrency);
    gates.set(target, gate);
    return gate;
  }

  function boardOf(target: string): TargetBoard {
    const board = boards.get(target) ?? createTargetBoard(redis.client, target);
    boards.set(target, board);
    return board;
  }

  function joinTarget(target: string): void {
    if (crews.has(target) || stopping.signal.aborted) return;
    const gate = gateOf(target);
    const board = boardOf(target);
    const signal = cutting.signal;
    crews.set(
      target,
      createCrew({
        ...options,
        ...{ target, redis, pool, gate, board, contextOf: contexts.of, signal },
        stopping: stopping.signal,
      }),
    );
    slots.shareOut();
  }

  const isOurs = (batch: string, target: string): boolean =>
    (options.onlyBatch === undefined || options.onlyBatch === batch) &&
    (options.targets === undefined ||
      options.targets.length === 0 ||
      options.targets.includes(targetOfLane(target)));

  async function processBatch(job: Job<BatchJob>, token: string | undefined): Promise<string> {
    const { batch } = job.data;
    const target = targetOf(batch);
    if (stopping.signal.aborted || !isOurs(batch, target)) return giveBack(job, token, NOT_OURS_MS);
    const run = runs.get(batch) ?? startRun(batch);
    try {
      return await run.end;
    } catch (error) {
      if (error instanceof LeftToRunner) return giveBack(job, token, NOT_OURS_MS);
      if (error instanceof OtherCode) return giveBack(job, token, OTHER_CODE_MS);
      if (error instanceof LogLost) {
        options.onEvent({ kind: 'batch.taken-over', batch });
        return giveBack(job, token, NOT_OURS_MS);
      }
      if (stopping.signal.aborted || run.lost.signal.aborted) return giveBack(job, token, 1);
      options.onEvent({ kind: 'batch.broke', batch, error });
      throw error;
    }
  }

  /** A batch comes again while it runs here when this process stood still for longer than its lock: it is run once. */
  function startRun(batch: string): BatchRun {
    const lost = new AbortController();
    const end = (async () => {
      try {
        const context = await contexts.of(batch);
        const lock = await lockFor(batch, context);
        try {
          const lane = laneOf(context.spec);
          joinTarget(lane);
          lock.lost.addEventListener('abort', () => lost.abort(lock.lost.reason), { once: true });
          const signal = AbortSignal.any([stopping.signal, lost.signal]);
          const own = { partitionMb: options.partitionMb ?? 0, gate: gateOf(lane), signal };
          const { state } = await runBatch({ ...options, ...context, ...own });
          await contexts.end(batch);
          return state;
        } finally {
          await lock.release();
        }
      } finally {
        runs.delete(batch);
      }
    })();
    const run = { end, lost };
    runs.set(batch, run);
    return run;
  }

  async function lockFor(batch: string, { files, hindrance }: BatchContext): Promise<RunnerLock> {
    const { signal } = stopping;
    const lock = await hindrance.outwait(() => takeRunnerLock(files.runner), { signal });
    if (!('pid' in lock)) {
      leftTo.delete(batch);
      return lock;
    }
    if (leftTo.get(batch) !== lock.pid) options.onEvent({ kind: 'batch.left-to', batch, pid: lock.pid });
    leftTo.set(batch, lock.pid);
    throw new LeftToRunner();
  }

  /** Redis may have forgotten them, their files have not. Putting a job in that is there already changes nothing. */
  async function requeueUnfinished(): Promise<void> {
    await options.share?.pullAll();
    for (const spec of await listSpecs(options.home)) {
      if (!isOurs(spec.id, spec.target)) continue;
      const entry = await lastEntry(batchFiles(options.home, spec.id).journal);
      if (entry === undefined || !isEnd(entry.state)) await enqueueBatch(spec.id, redis);
    }
  }

  async function lookAround(): Promise<void> {
    const [wasLost, open] = await Promise.all([mark.wasLost(), openBatches(redis.client)]);
    if (wasLost) {
      options.onEvent({ kind: 'redis.forgot' });
      await requeueUnfinished();
    }
    // Also of the one batch that it came for, which another process may run.
    for (const [batch, target] of Object.entries(open)) {
      if (!isOurs(batch, target)) continue;
      const isSame =
        options.share === undefined || (await contexts.of(batch).catch(() => undefined)) !== undefined;
      if (isSame) joinTarget(target);
    }
    await contexts.closeUnused((batch) => batch in open || runs.has(batch));
  }

  const mark = await createMemoryMark(redis.client);
  if (options.onlyBatch === undefined) await requeueUnfinished();

  const slots = keepSlots({
    ...options,
    worker: writerName(),
    pool,
    board: createWorkerBoard(redis.client),
    crews,
  });
  const batches = new Worker<BatchJob>(BATCH_QUEUE, processBatch, {
    connection: redis.connection,
    prefix: PREFIX,
    concurrency: BATCHES_AT_ONCE,
    lockDuration: BATCH_LOCK_MS,
    lockRenewTime: RENEW_MS,
    stalledInterval: STALLED_LOOK_MS,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  });
  batches.on('error', () => undefined); // lost links are told by the handle's own client
  // Another process may have the batch by now. Its pages in flight go on: doing one twice is harmless.
  batches.on('lockRenewalFailed', (ids) => {
    for (const batch of ids) runs.get(batch)?.lost.abort(new Error('the lock of the batch lapsed'));
  });

  const look = setInterval(() => {
    lookAround().catch(() => undefined); // Redis is away: the next look asks again
  }, OPEN_LOOK_MS);

  async function finish(limitMs: number): Promise<void> {
    clearInterval(look);
    stopping.abort(new Error('stopping'));
    const limit = setTimeout(() => cutting.abort(new Error('stopping')), limitMs);
    await Promise.all([batches.close(), ...[...crews.values()].map((crew) => crew.close())]);
    clearTimeout(limit);
    cutting.abort(new Error('stopped'));
    slots.close();
    await contexts.close();
    await pool.close();
  }

  return {
    redis,
    finish,
    async stop(limitMs) {
      await finish(limitMs);
      await redis.close();
    },
    stopNow() {
      cutting.abort(new Error('stopping'));
    },
  };
}

/** The batch's runner is alive, whatever became of its lock. */
class LeftToRunner extends Error {}
