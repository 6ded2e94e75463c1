/**
 * Carries one batch to its end for `run`, `deliver --force` and `failures --retry`: starts a farm for it, shows how it
 * goes, drains on the first Ctrl-C or SIGTERM and stops at once on the second. When another process runs the batch
 * already, this one watches, and takes over should that one die.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { OnBatchEvent } from '../batch/events.js';
import { type Farm, startFarm } from '../batch/farm.js';
import { type EndState, followJournal, isEnd, type JournalEntry } from '../batch/journal.js';
import { enqueueBatch, type OpenedBatch } from '../batch/open-batch.js';
import { openShare, type Share } from '../batch/share.js';
import { batchFiles } from '../batch/spec.js';
import { createBatchBoard } from '../queue/batch-board.js';
import { openRedis, type RedisHandle } from '../queue/redis.js';
import type { Settings } from '../settings.js';
import { createReporter, type Reporter } from '../telemetry/reporter.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import { alertsOf } from './alerts.js';
import { type EarlyBrowsers, startBrowsers } from './early-browsers.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { farmSettings } from './farm-settings.js';
import type { PagesAtOnce } from './pages-at-once.js';
import { onStopSignals } from './stop-signals.js';
import { summaryOf } from './summary.js';
import { tracesOf } from './traces.js';

/** What a batch is opened with, and carried by. */
export interface Engines {
  redis: RedisHandle;
  /** The store that machines share; undefined: all of the farm is on this one. */
  share: Share | undefined;
}

export interface CarryOptions extends PagesAtOnce {
  /** Called while the browser starts, which takes longer. */
  open: (engines: Engines) => Promise<OpenedBatch>;
  /** Default: begun here. Closed when all is done. */
  browsers?: EarlyBrowsers | undefined;
  /** The report as JSON on stdout instead of words. */
  json: boolean;
}

const LOOK_MS = 250;
/** What this process does itself it is told of. */
const LOOK_AT_OWN_MS = 1_000;
const OWN_MS = 5_000;
/** Pages in flight get this long to end after the first signal. */
export const DRAIN_MS = 20_000;
/** What people are to be told of gets this long to be sent; what is left is sent by the next process. */
export const ALERTS_MS = 10_000;

export async function carryBatch(
  { open, browsers: early, concurrency, beginAt, json }: CarryOptions,
  settings: Settings,
): Promise<ExitCode> {
  const reporter = createReporter({
    stream: process.stderr,
    logLevel: settings.logLevel,
    unicode: settings.unicode,
  });
  const browsers = early ?? startBrowsers(settings, concurrency);
  const onLink = (up: boolean): void => reporter.note(up ? 'Redis is back' : 'Redis is away; waiting for it');
  const { spec, resumedFrom, redis, share } = await openAll(open, settings, onLink).catch(
    async (error: unknown) => {
      await browsers.pool.close();
      throw error;
    },
  );
  const alerts = alertsOf(settings, reporter.event);
  const traces = await tracesOf(settings, reporter.event);
  let broke: unknown;
  let ownAtMs = Number.NEGATIVE_INFINITY;
  /** This process runs the batch, as far as it has been heard of lately. */
  const isMine = (): boolean => performance.now() - ownAtMs < OWN_MS;
  const over = new AbortController();
  const onEvent: OnBatchEvent = (event) => {
    if (event.kind === 'batch.broke') broke = event.error;
    if (event.kind === 'batch.entered' || event.kind === 'batch.resumed') ownAtMs = performance.now();
    if (event.kind === 'batch.broke' || (event.kind === 'batch.entered' && isEnd(event.state))) over.abort();
    reporter.event(event);
    alerts.event(event);
    traces.event(event);
  };
  browsers.tell(onEvent);
  const farm = await startFarm({
    ...farmSettings(settings),
    pool: browsers.pool,
    redis,
    share,
    concurrency,
    beginAt,
    onlyBatch: spec.id,
    onEvent,
    onSnapshot: (snapshot) => {
      ownAtMs = performance.now();
      reporter.snapshot(snapshot);
      alerts.snapshot(snapshot);
    },
    onLink,
  });
  await alerts.attach(farm.redis);
  const signals = onStopSignals({
    first: () => reporter.note('stopping: pages in flight may end; Ctrl-C again stops at once'),
    second: () => farm.stopNow(),
  });
  if (resumedFrom !== undefined) reporter.note(`going on with ${spec.id}, which is ${resumedFrom}`);
  try {
    await enqueueBatch(spec.id, farm.redis);
    const standing = followJournal(batchFiles(settings.home, spec.id).journal);
    let end: JournalEntry | undefined;
    const either = AbortSignal.any([signals.stopped, over.signal]);
    while (end === undefined && broke === undefined && !signals.stopped.aborted) {
      const signal = over.signal.aborted ? signals.stopped : either;
      const isNear = !isMine() && share === undefined; // a store is not asked four times a second
      await delay(isNear ? LOOK_MS : LOOK_AT_OWN_MS, undefined, { signal }).catch(() => undefined);
      if (!isMine()) {
        await share
          ?.of(spec.id)
          .pull()
          .catch(() => undefined); // the store is away: the next look asks again
        await showOthers(farm, spec.id, reporter);
      }
      const entry = await standing();
      if (entry !== undefined && isEnd(entry.state)) end = entry;
    }
    await farm.finish(DRAIN_MS);
    await Promise.all([alerts.close(ALERTS_MS), traces.close()]);
    await farm.stop(0);
    if (broke !== undefined) throw broke;
    if (end === undefined) {
      reporter.done(`interrupted: ${spec.id} can be resumed by the same command`);
      return EXIT.interrupted;
    }
    reporter.done('');
    await summaryOf(spec, end, { home: settings.home, json, stdout: process.stdout, stderr: process.stderr });
    return exitCodeOf(end.state as EndState);
  } finally {
    // The signals stay taken: one that comes when all is done is not to make a failure of it.
    reporter.done('');
    await farm.stop(0);
    share?.close();
  }
}

async function openAll(
  open: CarryOptions['open'],
  settings: Settings,
  onLink: (up: boolean) => void,
): Promise<OpenedBatch & Engines> {
  const share = await openShare(settings.store, settings);
  let redis: RedisHandle | undefined;
  try {
    redis = await openRedis({ home: settings.home, redisUrl: settings.redisUrl, onLink });
    return { ...(await open({ redis, share })), redis, share };
  } catch (error) {
    await redis?.close();
    share?.close();
    throw error;
  }
}

/** While another process runs the batch, its figures are shown here as well. */
async function showOthers(farm: Farm, batch: string, reporter: Reporter): Promise<void> {
  if (farm.redis.client.status !== 'ready') return;
  const json = await createBatchBoard(farm.redis.client, batch).snapshot();
  if (json !== undefined) reporter.snapshot(JSON.parse(json) as BatchSnapshot);
}

function exitCodeOf(state: EndState): ExitCode {
  switch (state) {
    case 'delivered':
      return EXIT.delivered;
    case 'held':
      return EXIT.held;
    case 'failed':
    case 'cancelled':
      return EXIT.failed;
  }
}
