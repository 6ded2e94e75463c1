/**
 * The state `fetching`: feeds the window, takes in followed links, applies the limit, listens to what a person asks,
 * until every page of the frontier has its outcome. Rendering itself is done by page workers, here or elsewhere.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Frontier } from '../discovery/frontier.js';
import { ThreshError } from '../errors.js';
import type { BatchBoard } from '../queue/batch-board.js';
import type { PageLedger } from '../queue/page-ledger.js';
import { spaceStarts } from '../queue/queues.js';
import type { SegmentWriter } from '../spool/segment-writer.js';
import { initialLimit, nextLimit } from '../throttle/limit.js';
import type { Admission } from './admission.js';
import type { DriftWatch } from './drift-watch.js';
import type { OnBatchEvent } from './events.js';
import { createFeeder } from './feeder.js';
import { createFollowedLinks } from './followed.js';
import type { Snapshots } from './snapshots.js';

export interface FetchingOptions {
  batch: string;
  queue: Queue;
  frontier: Frontier;
  ledger: PageLedger;
  board: BatchBoard;
  admission: Admission;
  segments: SegmentWriter;
  snapshots: Snapshots;
  maxConcurrency: number;
  minDelayMs: number;
  attempts: number;
  /** Undefined: the batch goes on whatever its pages give. */
  drift: DriftWatch | undefined;
  onEvent: OnBatchEvent;
  signal: AbortSignal;
}

const TICK_MS = 200;

/** Throws ThreshError CANCELLED when a person cancelled the batch; the abort reason when stopped. */
export async function fetchPages(options: FetchingOptions): Promise<void> {
  const { batch, queue, frontier, ledger, board, onEvent } = options;
  const followed = createFollowedLinks(frontier, ledger, options.admission);
  const feeder = createFeeder({ ...options, skip: (page) => skipPage(options, page) });
  let limit = initialLimit(options.maxConcurrency, Date.now());
  let applied: number | undefined;
  /** Why the batch is paused, while it is. */
  let paused: string | undefined;
  let idleTicks = 0;
  const refusedHosts = new Set<string>();
  await spaceStarts(queue, options.minDelayMs);

  for (;;) {
    options.signal.throwIfAborted();
    await ledger.assertOwn();
    const control = await board.control();
    if (control === 'cancel') throw cancelled();
    if (control === 'pause' && paused === undefined) {
      const reason = (await board.pausedFor()) ?? 'asked for';
      paused = `${reason}; \`thresh resume ${batch}\` goes on, \`thresh cancel ${batch}\` gives up`;
      onEvent({ kind: 'batch.paused', batch, reason: paused });
    } else if (control === 'run' && paused !== undefined) {
      paused = undefined;
      options.drift?.restart(); // whoever said so has seen what there was to see
      onEvent({ kind: 'batch.went-on', batch });
    }
    limit = nextLimit(limit, {
      maximum: options.maxConcurrency,
      overloadedAtMs: await board.overloadedAt(),
      nowMs: Date.now(),
    });
    if (limit.limit !== applied) {
      await queue.setGlobalConcurrency(limit.limit);
      applied = limit.limit;
    }
    const { refused } = await followed.take();
    for (const url of refused) {
      const host = URL.canParse(url) ? new URL(url).host : url.slice(0, 60);
      if (refusedHosts.size < 100 && !refusedHosts.has(host)) {
        refusedHosts.add(host);
        onEvent({ kind: 'batch.refused-links', batch, host, example: url });
      }
    }
    const fed = paused === undefined && (await feeder.feed());
    await options.snapshots.publish({
      limit: limit.limit,
      ...(paused === undefined ? { state: 'fetching' } : { state: 'paused', notice: paused }),
    });
    if (followed.isDone()) return;
    if (paused === undefined) await pauseOnDrift(options);
    idleTicks = fed || paused !== undefined ? 0 : idleTicks + 1;
    if (idleTicks * TICK_MS >= 2_000) {
      // Nothing fed for a while: if nothing is queued either, some pages were lost with Redis and are fed again.
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
      if (Object.values(counts).every((count) => count === 0)) {
        await ledger.assertOwn();
        feeder.rewind();
      }
      idleTicks = 0;
    }
    await delay(TICK_MS);
  }
}

/** Heard at the next look at what is asked for, by this loop as by all workers. */
async function pauseOnDrift({ drift, ledger, board }: FetchingOptions): Promise<void> {
  const reason = drift?.look(await ledger.counts());
  if (reason !== undefined) await board.pauseFor(reason);
}

async function skipPage(
  { segments, ledger }: FetchingOptions,
  page: { n: number; url: string; skip?: string },
): Promise<void> {
  const at = new Date().toISOString();
  await segments.append({
    rows: [],
    quarantined: [],
    page: {
      page: page.n,
      url: page.url,
      outcome: 'skipped',
      attempt: 0,
      at,
      failure: {
        code: page.skip === 'robots' ? 'SKIPPED_ROBOTS' : 'SKIPPED_LIMIT',
        message: `skipped: ${page.skip}`,
      },
    },
  });
  await ledger.settle({ page: page.n, outcome: 'skipped', rows: 0, quarantined: 0 });
}

function cancelled(): ThreshError {
  return new ThreshError('cancelled', { code: 'CANCELLED', scope: 'batch' });
}
