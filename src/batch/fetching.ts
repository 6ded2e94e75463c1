/**
 * The state `fetching`: feeds the window, takes in followed links, applies the limit, listens to what a person asks,
 * until every page of the frontier has its outcome. Rendering itself is done by page workers, here or elsewhere.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Frontier, FrontierPage } from '../discovery/frontier.js';
import { ThreshError } from '../errors.js';
import type { BatchBoard } from '../queue/batch-board.js';
import type { LookAtFetching } from '../queue/fetch-look.js';
import type { PageCounts, PageLedger } from '../queue/page-ledger.js';
import type { SegmentWriter } from '../spool/segment-writer.js';
import type { PaceNeed } from '../throttle/pace.js';
import type { Admission } from './admission.js';
import type { Carrier } from './carrying.js';
import type { DriftWatch } from './drift-watch.js';
import type { OnBatchEvent } from './events.js';
import { createFeeder } from './feeder.js';
import { createFollowedLinks } from './followed.js';
import { beforeOf } from './reextracting.js';
import type { Holding, Snapshots } from './snapshots.js';
import type { SoftWatch } from './soft-watch.js';
import type { Governed, Throttling } from './throttling.js';

export interface FetchingOptions {
  batch: string;
  queue: Queue;
  frontier: Frontier;
  ledger: PageLedger;
  board: BatchBoard;
  look: LookAtFetching;
  admission: Admission;
  segments: SegmentWriter;
  snapshots: Snapshots;
  throttling: Throttling;
  /** What the batch needs of its target to make its window. */
  need: () => PaceNeed;
  attempts: number;
  /** Undefined: the batch goes on whatever its pages give. */
  drift: DriftWatch | undefined;
  soft: SoftWatch;
  /** Takes pages over that need not be rendered. */
  carrier: Carrier;
  /** True when pages that were taken over do not count any more. */
  isCarriedInVain: () => Promise<boolean>;
  onEvent: OnBatchEvent;
  signal: AbortSignal;
}

/** It looks about once in so many pages, within bounds: what there is to see comes with the pages. */
const PAGES_A_LOOK = 4;
const LOOK_MS = { least: 200, most: 500 };
const IDLE_MS = 2_000;
/** A pause that is longer is shown as one. */
const WORTH_SAYING_MS = 5_000;

/**
 * `again`: pages lost their outcome, and the books are to be put together again. Throws ThreshError CANCELLED when a
 * person cancelled the batch; the abort reason when stopped.
 */
export async function fetchPages(options: FetchingOptions): Promise<'done' | 'again'> {
  const { batch, frontier, ledger, onEvent } = options;
  const followed = createFollowedLinks(frontier, ledger, options.admission);
  const feeder = createFeeder({ ...options, skip: (page) => skipPage(options, page) });
  /** Why the batch is paused, while it is. */
  let paused: string | undefined;
  let before: Progress | undefined;
  let idleSinceMs = Date.now();
  const refusedHosts = new Set<string>();

  for (;;) {
    options.signal.throwIfAborted();
    const seen = await options.look(followed.next());
    const { control, queued } = seen;
    if (control === 'cancel') throw cancelled();
    if (control === 'pause' && paused === undefined) {
      const reason = seen.pausedFor ?? 'asked for';
      paused = `${reason}; \`thresh resume ${batch}\` goes on, \`thresh cancel ${batch}\` gives up`;
      const by = seen.pausedFor === undefined ? 'person' : 'drift';
      onEvent({ kind: 'batch.paused', batch, reason: paused, by });
    } else if (control === 'run' && paused !== undefined) {
      paused = undefined;
      options.drift?.restart(); // whoever said so has seen what there was to see
      onEvent({ kind: 'batch.went-on', batch });
    }
    const nowMs = Date.now();
    const governed = await options.throttling.tick({ nowMs, queued, need: options.need() });
    const { refused } = await followed.take(seen);
    for (const url of refused) {
      const host = URL.canParse(url) ? new URL(url).host : url.slice(0, 60);
      if (refusedHosts.size < 100 && !refusedHosts.has(host)) {
        refusedHosts.add(host);
        onEvent({ kind: 'batch.refused-links', batch, host, example: url });
      }
    }
    const fed = paused === undefined && (await feeder.feed(queued));
    const notice = paused ?? waitingFor(governed, nowMs);
    await options.snapshots.publish({
      limit: governed.bearable,
      holding: holdingOf(governed),
      seen,
      ...(notice === undefined ? { state: 'fetching' } : { state: 'paused', notice }),
    });
    const end = followed.isDone() ? await options.soft.conclude() : (await options.soft.look()) && 'again';
    if (await options.isCarriedInVain()) return 'again';
    if (end === 'done' || end === 'again') return end;
    if (paused === undefined) await pauseOnDrift(options, seen.counts);
    if (fed || paused !== undefined) idleSinceMs = nowMs;
    if (nowMs - idleSinceMs >= IDLE_MS) {
      // At the frontier's end for a while: if nothing is queued either, some pages were lost with Redis and are fed again.
      if (Object.values(queued).every((count) => count === 0)) feeder.rewind();
      idleSinceMs = nowMs;
    }
    const now = { ...progressOf(seen.counts), atMs: nowMs };
    await delay(untilNextLook(before, now, queued.waiting === 0));
    before = now;
  }
}

interface Progress {
  /** Pages with an outcome. */
  done: number;
  /** Retries, and pages that were given up. */
  trouble: number;
  atMs: number;
}

function progressOf({ completed, gone, skipped, dead, retries }: PageCounts): Omit<Progress, 'atMs'> {
  return { done: completed + gone + skipped + dead, trouble: retries + dead };
}

/** Trouble is followed closely, and so is a batch that has nothing to hand out: it may be at its end. */
function untilNextLook(before: Progress | undefined, now: Progress, isDry: boolean): number {
  if (before === undefined || isDry || now.trouble > before.trouble) return LOOK_MS.least;
  const msAPage = (now.atMs - before.atMs) / (now.done - before.done);
  return Math.min(LOOK_MS.most, Math.max(LOOK_MS.least, PAGES_A_LOOK * msAPage));
}

/** Undefined while pages may start, or will within moments. */
function waitingFor({ circuit, pausedUntilMs, quietUntilMs }: Governed, nowMs: number): string | undefined {
  const until = new Date(pausedUntilMs).toISOString();
  if (quietUntilMs > 0) return `quiet hours of the target, until ${until}`;
  if (circuit === 'open') return 'the target is down: one page at a time is tried, and it goes on by itself';
  return pausedUntilMs - nowMs > WORTH_SAYING_MS ? `the target asked us to wait until ${until}` : undefined;
}

function holdingOf({ why, circuit, paceLimit, spacedBy }: Governed): Holding {
  return { limitWhy: why, isDown: circuit === 'open', paceLimit, spacedBy };
}

/** Heard at the next look at what is asked for, by this loop as by all workers. */
async function pauseOnDrift({ drift, board }: FetchingOptions, counts: PageCounts): Promise<void> {
  const reason = drift?.look(counts);
  if (reason !== undefined) await board.pauseFor(reason);
}

const SKIPPED: Record<NonNullable<FrontierPage['skip']>, string> = {
  robots: 'skipped: robots.txt forbids it',
  'robots-unreachable': 'skipped: the robots.txt of its host cannot be had',
  limit: 'skipped: beyond the limit',
};

async function skipPage({ segments, ledger }: FetchingOptions, page: FrontierPage): Promise<void> {
  const at = new Date().toISOString();
  const { outcome, attempt, failure } = beforeOf(page).was ?? {
    outcome: 'skipped' as const,
    attempt: 0,
    failure: {
      code: page.skip === 'limit' ? 'SKIPPED_LIMIT' : 'SKIPPED_ROBOTS',
      message: SKIPPED[page.skip ?? 'limit'],
    },
  };
  await segments.append({
    rows: [],
    quarantined: [],
    page: {
      page: page.n,
      url: page.url,
      outcome,
      attempt,
      at,
      ...(failure === undefined ? {} : { failure }),
    },
  });
  await ledger.settle({ page: page.n, outcome, rows: 0, quarantined: 0 });
}

function cancelled(): ThreshError {
  return new ThreshError('cancelled', { code: 'CANCELLED', scope: 'batch' });
}
