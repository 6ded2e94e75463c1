/** How batches stand, for people: from their files, and while they run from Redis. */
import { readFile } from 'node:fs/promises';
import type { Report } from '../delivery/manifest.js';
import { createBatchBoard } from '../queue/batch-board.js';
import type { RedisHandle } from '../queue/redis.js';
import { createWorkerBoard, type WorkerStanding } from '../queue/worker-board.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import { isEnd, lastEntry } from './journal.js';
import { type BatchSpec, batchFiles } from './spec.js';

export interface Standing {
  batch: string;
  target: string;
  /** `YYYY-MM-DD` */
  date: string;
  state: string;
  reason?: string;
  pages:
    | { frontier: number; completed: number; gone: number; skipped: number; dead: number; unfinished: number }
    | undefined;
  rows: number | undefined;
  /** Projected while it runs, then what it was; undefined without an SLA. */
  margin?: number;
  snapshot?: BatchSnapshot;
  /** The processes that work for its target now. */
  workers?: WorkerStanding[];
}

export async function hasEnded({ id }: BatchSpec, home: string): Promise<boolean> {
  const entry = await lastEntry(batchFiles(home, id).journal);
  return entry !== undefined && isEnd(entry.state);
}

/** Without `redis` only what its files say. */
export async function standingNow(spec: BatchSpec, home: string, redis?: RedisHandle): Promise<Standing> {
  const entry = await lastEntry(batchFiles(home, spec.id).journal);
  const state = entry?.state ?? 'discovering';
  const named = {
    batch: spec.id,
    target: spec.target,
    date: spec.date,
    ...(entry?.reason === undefined ? {} : { reason: entry.reason }),
  };
  if (isEnd(state)) {
    const report = await readReport(home, spec);
    const margin = report?.sla === undefined ? {} : { margin: report.sla.margin };
    return { ...named, ...margin, state, pages: report?.pages, rows: report?.rows.delivered };
  }
  const board = redis === undefined ? undefined : createBatchBoard(redis.client, spec.id);
  const waitsFor = await board?.waitsFor();
  const json = await board?.snapshot();
  if (json === undefined) {
    const reason = waitsFor === undefined ? {} : { reason: waitsFor };
    return { ...named, ...reason, state, pages: undefined, rows: undefined };
  }
  const snapshot = JSON.parse(json) as BatchSnapshot;
  const { pages, rows, margin, notice = waitsFor } = snapshot;
  return {
    ...named,
    ...(margin === undefined ? {} : { margin }),
    ...(notice === undefined ? {} : { reason: notice }),
    state: snapshot.state,
    pages,
    rows,
    snapshot,
    workers: await workersOf(spec.target, redis),
  };
}

/** Undefined when the batch has not got that far, or what tells of it was cleaned up. */
export async function readReport(home: string, spec: BatchSpec): Promise<Report | undefined> {
  const text = await readFile(batchFiles(home, spec.id).report, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Report);
}

async function workersOf(target: string, redis: RedisHandle | undefined): Promise<WorkerStanding[]> {
  if (redis === undefined) return [];
  const all = await createWorkerBoard(redis.client).standing();
  return all.filter(({ targets }) => targets[target] !== undefined);
}
