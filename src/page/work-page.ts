/**
 * One page's job, from the queue's hand back to the queue: render, make the outcome durable, settle it, complete.
 *
 * Every way out settles the job: it completes (an outcome stands in a segment), it fails (the queue tries again after
 * a backoff), or it is put back uncounted (the target asked us to wait, a session expired, this process stops). Doing
 * the same page twice is harmless: the later attempt counts, and a settled page is not rendered again.
 *
 * A page that kills its browser takes those beside it along. None of them has an attempt counted for that; each is put
 * back, and whoever has lost its browser twice is from then on alone in one. So a page loses two browsers to others
 * at most, however many bad ones there are, and the bad one uses up its own attempts.
 */
import { DelayedError, type Job, type Queue } from 'bullmq';
import type { BrowserPool } from '../../browser-pool/index.js';
import type { ThreshError } from '../errors.js';
import { pauseUntil } from '../queue/limited-queue.js';
import type { TargetBoard } from '../queue/target-board.js';
import type { KeptPage, PageFailure, SoftMark } from '../spool/record.js';
import type { Json, TargetLog } from '../target/definition.js';
import type { LoadedTarget } from '../target/load.js';
import type { PageSample } from '../throttle/page-sample.js';
import { beginAttempt } from './attempt.js';
import type { BeforeOfPage } from './carried.js';
import type { OnPageEvent } from './events.js';
import type { LaneOutcome, PageLane, Proofs, SoftBook } from './proofs.js';
import { type PageTask, type RenderedPage, renderPage } from './render.js';
import { digestOf } from './same-rows.js';
import type { Sessions } from './sessions.js';
import { commit, type SettleDeps, settle } from './settle-page.js';
import { createPlace, type Place } from './start-gate.js';
import type { EncodeRow } from './validate.js';

/** A page's job as the feeder makes it. */
export interface PageJob {
  batch: string;
  /** Number in the frontier. */
  page: number;
  url: string;
  label?: string;
  data?: Json;
  /** Browsers that went away under it while other pages were in them. */
  browsersLost?: number;
  /** Starts that count for nothing, since the target as a whole was down. */
  excused?: number;
  /** The page has its outcome, by a short cut: it is loaded to compare. */
  proof?: SoftMark;
  /** Of what an earlier batch got of it and its site says that it still gives: what it gives is compared. */
  sample?: string;
  /** What an earlier batch kept of it. */
  kept?: KeptPage;
  /** What an earlier batch got of it: its document is asked whether it has changed. */
  before?: BeforeOfPage;
}

export interface PageWorkDeps extends SettleDeps {
  target: LoadedTarget;
  encode: EncodeRow;
  pool: BrowserPool;
  sessions: Sessions;
  /** What its browsers call themselves. */
  userAgent: string;
  targetBoard: TargetBoard;
  queue: Queue;
  proofs: Proofs;
  /** What is known of pages that are carried over from an earlier batch. */
  carryBook: SoftBook;
  /** Undefined: every page is loaded. */
  lane: PageLane | undefined;
  /** Its pages are read from what was kept of them: nothing goes to the target, and nothing is learned of it. */
  isOffline: boolean;
  /** The batch's folder, for artifacts. */
  dir: string;
  /** Resolves when the page may go to the target; what it resolves to is called when it has left it. */
  enter: () => Promise<() => void>;
  /** Nobody of this process goes to the target before this time, epoch ms. */
  holdUntil: (atMs: number) => void;
  onEvent: OnPageEvent;
  /** Aborts when this process stops. */
  signal: AbortSignal;
}

/** Starts (also uncounted ones) after which a page is given up: a page that kills its worker must not do so for ever. */
const MAX_STARTS_OVER_ATTEMPTS = 20;
/** So often may be chance, or somebody else's doing. */
const MAX_BROWSERS_LOST = 2;
/** Failures on a page's last attempt that are laid to a target of which nobody knows yet that it is down. */
const MAX_DOUBTS = 3;
const OUTAGE_WAIT_MS = 2_000;
const BACKOFF_MS = 1_000;
const PAUSE_LOOK_MS = 3_000;
const NO_BROWSER_MS = 5_000;
/** What was asked of a page so long ago is asked again before it goes to the target. */
const ASKED_MS = 250;

export async function workPage(
  job: Job<PageJob>,
  token: string | undefined,
  deps: PageWorkDeps,
): Promise<void> {
  if (await isNotWanted(job, token, deps)) return;
  const asked = performance.now();
  const place = createPlace(deps.enter);
  await place.enter();
  try {
    if (performance.now() - asked > ASKED_MS && (await isNotWanted(job, token, deps))) return;
    await tryPage({ job, token, place }, deps);
  } finally {
    place.leave();
  }
}

/** Cancelled, or settled meanwhile. Puts it back while its batch is paused. */
async function isNotWanted(
  job: Job<PageJob>,
  token: string | undefined,
  { ledger }: PageWorkDeps,
): Promise<boolean> {
  const { page, proof } = job.data;
  const { control, isSettled } = await ledger.standing(page);
  if (control === 'cancel' || (isSettled && proof === undefined)) return true;
  return control === 'pause' ? putBack(job, token, PAUSE_LOOK_MS) : false;
}

async function tryPage(
  { job, token, place }: { job: Job<PageJob>; token: string | undefined; place: Place },
  deps: PageWorkDeps,
): Promise<void> {
  const { page, proof } = job.data;
  const { ledger } = deps;
  const attempts = job.opts.attempts ?? 1;
  const attempt = job.attemptsMade + 1;
  const isLast = ({ retry }: ThreshError): boolean =>
    retry === 'never' ||
    job.attemptsStarted - (job.data.excused ?? 0) >= attempts + MAX_STARTS_OVER_ATTEMPTS ||
    (retry === 'later' && attempt >= attempts); // a wait that was asked for uses up no attempt, not even the last
  const { url, label, data } = job.data;
  const task: PageTask = {
    page,
    request: { url, label, data, attempt },
    log: pageLog(job.data, deps.onEvent),
    signal: deps.signal,
    place,
    traced: attempts > 1 && attempt >= attempts,
    alone: (job.data.browsersLost ?? 0) >= MAX_BROWSERS_LOST,
    kept: job.data.kept,
    before: job.data.before,
    keepFailure: (error) => (isLast(error) && proof === undefined ? deps.dir : undefined),
  };
  const told = beginAttempt(job.data, attempt, deps.onEvent);
  const outcome = await render(task, proof, deps);
  told.rendered();
  if (outcome.ok) place.leave(); // what follows is between us and our disk
  // Redis is away: one sample less
  const reported = deps.isOffline ? undefined : deps.targetBoard.report(outcome.seen).catch(() => undefined);
  if (outcome.ok) {
    if (proof === undefined) {
      await compareSample(job.data, outcome.rendered, deps);
      await settle(job.data, attempt, outcome, deps);
    }
    told.served(proof === undefined ? outcome.rendered.outcome : 'compared', outcome.rendered);
    return;
  }
  await reported; // what follows asks how the target is
  const { error, artifacts } = outcome;
  if (deps.signal.aborted || error.code === 'INTERRUPTED') {
    told.failed('put-back', error);
    return putBack(job, token, 0);
  }
  if (error.scope === 'batch') {
    // Nothing of the page: this machine has no browser to give.
    deps.onEvent({ kind: 'browser.missed', batch: job.data.batch, reason: error.message });
    told.failed('put-back', error);
    return putBack(job, token, NO_BROWSER_MS);
  }
  if (
    !deps.isOffline &&
    (await isOutage(outcome.seen, error, { job: job.data, isLast: isLast(error), deps }))
  ) {
    told.failed('put-back', error);
    await ledger.countRetry();
    return excuse(job, token, deps);
  }
  const facts = { batch: job.data.batch, page, url, attempt, code: error.code, reason: error.message };
  if (!isLast(error)) {
    await ledger.countRetry();
    deps.onEvent({ kind: 'page.retried', ...facts });
    told.failed(typeof error.retry === 'object' ? 'put-back' : 'retried', error);
    if (typeof error.retry === 'object') return waitAsAsked(job, token, error, deps);
    throw new Error(error.message); // counted: the queue tries again after `retryDelayMs`
  }
  if (proof !== undefined) {
    told.failed('compared', error);
    return deps.proofs.giveUp(url);
  }
  const failure: PageFailure = { code: error.code, message: error.message, ...artifacts };
  await commit(job.data, attempt, { outcome: 'dead', failure }, deps);
  deps.onEvent({ kind: 'page.dead', ...facts });
  told.failed('dead', error);
}

function render(task: PageTask, proof: SoftMark | undefined, deps: PageWorkDeps): Promise<LaneOutcome> {
  if (proof !== undefined) return deps.proofs.proveRecorded(task, deps, proof);
  return deps.lane === undefined ? renderPage(task, deps) : deps.lane.render(task, deps);
}

/** Before the page is settled: when all are, what there is to know of them is known. */
async function compareSample(
  { page, url, sample }: PageJob,
  rendered: RenderedPage,
  { carryBook }: PageWorkDeps,
): Promise<void> {
  if (sample === undefined) return;
  if (digestOf(rendered) === sample) await carryBook.proven(`page ${page}`, 1);
  else await carryBook.turnOff(`${url} has changed, and its lastmod does not say so`, true);
}

/**
 * True when the failure is laid to the target as a whole and not to this page: the target is down, or, when this would
 * be the page's last attempt, it has served nobody since the attempt began. A page that found no connection is tried
 * once more in any case: what was served just before the target went down is reported after that.
 */
async function isOutage(
  { answer, startedAtMs }: PageSample,
  error: ThreshError,
  { job, isLast, deps }: { job: PageJob; isLast: boolean; deps: PageWorkDeps },
): Promise<boolean> {
  if (answer !== 'failed' && answer !== 'refused') return false;
  const { circuit, servedAtMs } = await deps.targetBoard.health();
  if (circuit === 'open') return true;
  const { excused = 0 } = job;
  const isDoubtful = servedAtMs < startedAtMs || (excused === 0 && error.code === 'NAVIGATION_FAILED');
  return isLast && isDoubtful && answer === 'failed' && error.code !== 'HTTP_STATUS' && excused < MAX_DOUBTS;
}

/** Uncounted, and within the target's budget of retries. An overload holds back the whole farm for this target. */
async function waitAsAsked(
  job: Job<PageJob>,
  token: string | undefined,
  error: ThreshError,
  deps: PageWorkDeps,
): Promise<never> {
  const afterMs = typeof error.retry === 'object' ? error.retry.afterMs : 0;
  const nowMs = Date.now();
  if (error.code === 'PAGE_BLOCKED' && afterMs > 0) {
    deps.holdUntil(nowMs + afterMs);
    await pauseUntil(deps.queue, nowMs + afterMs, nowMs);
  }
  if (error.code === 'BROWSER_CRASHED')
    await job.updateData({ ...job.data, browsersLost: (job.data.browsersLost ?? 0) + 1 });
  const atMs = await deps.targetBoard.reserveRetry(nowMs + afterMs);
  return putBack(job, token, atMs - nowMs);
}

async function excuse(job: Job<PageJob>, token: string | undefined, deps: PageWorkDeps): Promise<never> {
  await job.updateData({ ...job.data, excused: (job.data.excused ?? 0) + 1 });
  const nowMs = Date.now();
  return putBack(job, token, (await deps.targetBoard.reserveRetry(nowMs + OUTAGE_WAIT_MS)) - nowMs);
}

/** How long the queue waits before a page's next counted attempt, ms: longer each time, within the target's budget. */
export async function retryDelayMs(attemptsMade: number, board: TargetBoard): Promise<number> {
  const backoffMs = BACKOFF_MS * 2 ** (attemptsMade - 1) * (0.5 + Math.random() / 2);
  const nowMs = Date.now();
  return (await board.reserveRetry(nowMs + backoffMs)) - nowMs;
}

async function putBack(job: Job<PageJob>, token: string | undefined, afterMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + Math.max(1, afterMs), token);
  throw new DelayedError();
}

function pageLog({ batch, page, url }: PageJob, onEvent: OnPageEvent): TargetLog {
  const at =
    (level: keyof TargetLog) =>
    (message: string, fields: Record<string, unknown> = {}): void =>
      onEvent({ kind: 'target.said', batch, page, url, level, message: String(message), fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
