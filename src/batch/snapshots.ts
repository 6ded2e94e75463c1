/** What a batch looks like from outside while it runs: counted from Redis, published for `status`, shown as progress. */
import type { Frontier } from '../discovery/frontier.js';
import type { BatchBoard } from '../queue/batch-board.js';
import type { FetchLook, LookAtFetching } from '../queue/fetch-look.js';
import type { PageCounts } from '../queue/page-ledger.js';
import type { WorkerStanding } from '../queue/worker-board.js';
import { createRate } from '../telemetry/rate.js';
import type { AggregationStanding, BatchSnapshot, LaneStanding } from '../telemetry/snapshot.js';
import { type HoldingFacts, heldBy } from '../throttle/held-by.js';
import type { BatchState } from './journal.js';
import type { Measuring } from './measuring.js';
import type { BatchSpec } from './spec.js';
import type { Timeline } from './timeline.js';

export interface Snapshots {
  /** At most every `EVERY_MS`, unless the state changed. */
  publish(now: {
    state: BatchState | 'paused';
    limit?: number;
    notice?: string;
    /** What else is known of what holds it back, while it fetches. */
    holding?: Holding;
    /** As of a moment ago; looked at when it is not given. */
    seen?: FetchLook;
  }): Promise<void>;
}

/** What is counted here is left out. */
export type Holding = Omit<HoldingFacts, 'inFlight' | 'ready' | 'limit' | 'slots' | 'slotsWhy'>;

export interface SnapshotsOptions {
  spec: BatchSpec;
  /** While fetching. */
  measuring?: Measuring;
  timeline: Timeline;
  startedAt: string;
  frontier: Frontier;
  look: LookAtFetching;
  board: BatchBoard;
  /** The farm's, as of a moment ago. */
  workers: () => Promise<WorkerStanding[]>;
  /** Of pages that may be fetched without a browser; undefined: all are rendered. */
  lane?: ((counts: PageCounts) => Promise<LaneStanding>) | undefined;
  onSnapshot: (snapshot: BatchSnapshot) => void;
}

const EVERY_MS = 1_000;

export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { spec, frontier, board } = options;
  const rate = createRate(Date.now);
  let counted: number | undefined;
  let last: { state: string; atMs: number } | undefined;
  let limit = 0;

  return {
    async publish(now) {
      const nowMs = Date.now();
      limit = now.limit ?? limit;
      if (last?.state === now.state && nowMs - last.atMs < EVERY_MS) return;
      last = { state: now.state, atMs: nowMs };
      const { counts, queued, waitsFor } = now.seen ?? (await options.look());
      const done = counts.completed + counts.gone + counts.skipped + counts.dead;
      if (counted !== undefined && done > counted) rate.add(done - counted);
      counted = done;
      const unfinished = Math.max(0, frontier.size - done);
      const { active: inFlight, waiting, prioritized } = queued;
      const paused = now.state === 'paused';
      const figures = await options.measuring?.look({
        frontier: frontier.size,
        counts,
        inFlight,
        limit,
        paused,
      });
      const notice = now.notice ?? waitsFor;
      const workers = await options.workers();
      const room = roomFor(spec.target, workers);
      const held =
        now.state === 'fetching'
          ? heldBy({ ...now.holding, ...room, inFlight, ready: waiting + prioritized, limit })
          : undefined;
      const lane = now.state === 'discovering' ? undefined : await options.lane?.(counts);
      const snapshot: BatchSnapshot = {
        batch: spec.id,
        target: spec.target,
        date: spec.date,
        state: now.state,
        since: options.startedAt,
        pages: {
          frontier: frontier.size,
          completed: counts.completed,
          gone: counts.gone,
          skipped: counts.skipped,
          dead: counts.dead,
          unfinished,
        },
        rows: counts.rows,
        quarantined: counts.quarantined,
        retries: counts.retries,
        inFlight,
        limit,
        slots: room.slots,
        ...(held === undefined ? {} : { heldBy: held }),
        pagesPerSecond: rate.perSecond(),
        ...figures,
        ...(notice === undefined ? {} : { notice }),
        ...(lane === undefined ? {} : { lane }),
      };
      await board.setSnapshot(JSON.stringify(snapshot));
      options.onSnapshot(snapshot);
      await options.timeline.note(snapshot, workers);
    },
  };
}

/** Pages in flight that the farm has room for, of one target, and what most of the processes that lack some lack. */
function roomFor(
  target: string,
  workers: readonly WorkerStanding[],
): Pick<HoldingFacts, 'slots' | 'slotsWhy'> {
  const ours = workers.filter((worker) => worker.targets[target] !== undefined);
  const slots = ours.reduce((sum, worker) => sum + (worker.targets[target]?.slots ?? 0), 0);
  const lacking = ours.filter(({ reason }) => reason !== undefined);
  const most = lacking.toSorted((a, b) => b.concurrency - b.slots - (a.concurrency - a.slots))[0];
  return { slots, slotsWhy: most?.reason as HoldingFacts['slotsWhy'] };
}

/** While the farm builds the dataset: the last figures, with how far that is. */
export async function publishAggregation(
  { board, onSnapshot }: Pick<SnapshotsOptions, 'board' | 'onSnapshot'>,
  aggregation: AggregationStanding,
): Promise<void> {
  const json = await board.snapshot();
  if (json === undefined) return;
  const { notice: _, heldBy: __, ...figures } = JSON.parse(json) as BatchSnapshot;
  const snapshot: BatchSnapshot = { ...figures, aggregation };
  await board.setSnapshot(JSON.stringify(snapshot));
  onSnapshot(snapshot);
}

/** Outside of discovering and fetching nothing is counted: the last figures, with what is waited for now. */
export async function publishWait(
  { board, onSnapshot }: Pick<SnapshotsOptions, 'board' | 'onSnapshot'>,
  { state, notice }: { state: BatchState; notice: string | undefined },
): Promise<void> {
  const json = await board.snapshot();
  if (json === undefined) return;
  const { notice: _, heldBy: __, ...figures } = JSON.parse(json) as BatchSnapshot;
  const snapshot: BatchSnapshot = { ...figures, state, ...(notice === undefined ? {} : { notice }) };
  await board.setSnapshot(JSON.stringify(snapshot));
  onSnapshot(snapshot);
}
