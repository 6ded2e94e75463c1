/**
 * The batch's state machine: from whatever state its journal says to an end. Can be killed at any instruction and run
 * again; journal.ts says in prose what each state enters with and leaves with.
 */
import { rm } from 'node:fs/promises';
import { openDestination } from '../delivery/destination.js';
import { type Frontier, openFrontier } from '../discovery/frontier.js';
import { isThreshError, reasonOf } from '../errors.js';
import type { PageCounts } from '../queue/page-ledger.js';
import { LogLost } from '../store/fenced-log.js';
import { workFiles } from './aggregating.js';
import { openCarrier } from './carrying.js';
import { requirePages } from './clean.js';
import { aggregating, delivering, gating } from './concluding.js';
import { type Discovered, discoverPages } from './discovering.js';
import { createDriftWatch } from './drift-watch.js';
import { fetchPages } from './fetching.js';
import { patientFrontier } from './hindrance.js';
import { paceHistoryOf } from './history.js';
import {
  type ActiveState,
  type BatchState,
  deadSince,
  discoveredPages,
  type EndState,
  enterState,
  isEnd,
  type JournalEntry,
  lastEntry,
  readJournal,
} from './journal.js';
import { laneStandingOf } from './lane-standing.js';
import { type Measuring, openMeasuring } from './measuring.js';
import { recover } from './recover.js';
import { copyPages } from './reextracting.js';
import { createRules } from './rules.js';
import type { MachineDeps, Next, Running } from './running.js';
import { setbackOf } from './setback.js';
import { sharedFrontier } from './shared-frontier.js';
import { createSnapshots, publishWait, type Snapshots, type SnapshotsOptions } from './snapshots.js';
import { createSoftWatch, shortCutOf } from './soft-watch.js';
import { batchFiles, laneOf, readSpec } from './spec.js';
import { createTargetFile } from './target-file.js';
import { createThrottling, type Throttling } from './throttling.js';
import { createTimeline } from './timeline.js';
import { createUnthrottled } from './unthrottled.js';

/** Throws only when stopped (the signal's reason) or for bugs; a failed batch is an end like the others. */
export async function runBatch(options: MachineDeps): Promise<JournalEntry & { state: EndState }> {
  const destination = await openDestination(options.spec.out, options.s3);
  const files = batchFiles(options.home, options.spec.id);
  const wait = options.hindrance.begin(options.signal);
  const { hindrance, share, signal, who } = options;
  const record = share && (await hindrance.outwait(() => share.take(who), { signal }));
  return run({ ...options, files, destination, wait, record }).finally(() => destination.close());
}

async function run(deps: Running): Promise<JournalEntry & { state: EndState }> {
  const { signal, wait, files } = deps;
  for (let begun = false; ; ) {
    signal.throwIfAborted();
    try {
      if (!begun) await deps.board.forgetWaits(); // of a process that was killed; who lives says it again
      begun = true;
      return await walk(deps);
    } catch (error) {
      const setback = signal.aborted ? undefined : setbackOf(error, files.dir);
      if (setback === undefined) throw error;
      showWait(deps, setback.reason);
      await wait.meet(setback);
    }
  }
}

/** To the end, state by state. Throws what may pass; going on from there is entering the state once more. */
async function walk(deps: Running): Promise<JournalEntry & { state: EndState }> {
  await deps.board.open(laneOf(deps.spec));
  const { files } = deps;
  let entry = (await lastEntry(files.journal)) ?? (await enter(deps, { to: 'discovering' }));
  if (deps.record !== undefined) await deps.board.setState(entry.state);
  while (!isEnd(entry.state)) {
    deps.signal.throwIfAborted();
    try {
      const next = await step(entry.state, deps);
      if (deps.wait.over()) showWait(deps, undefined);
      entry = await enter(deps, next);
    } catch (error) {
      if (deps.signal.aborted) throw deps.signal.reason;
      if (error instanceof LogLost) throw error;
      if (setbackOf(error, files.dir) !== undefined) throw error;
      const end = isThreshError(error) && error.code === 'CANCELLED' ? 'cancelled' : 'failed';
      const failedIn = end === 'failed' ? { failedIn: entry.state as ActiveState } : {};
      entry = await enter(deps, { to: end, reason: reasonWithMend(error), ...failedIn });
    }
  }
  await deps.ledger.clear();
  await deps.board.close();
  if (entry.state === 'delivered') await forgetBuilding(deps);
  return entry as JournalEntry & { state: EndState };
}

/** What stays for want of an answer goes when the batch is cleaned up. */
async function forgetBuilding({ files, share }: Running): Promise<void> {
  await rm(workFiles(files).dataset, { recursive: true, force: true });
  await rm(files.partitions, { recursive: true, force: true });
  await share?.forgetPartitions().catch(() => undefined);
}

function step(state: BatchState, deps: Running): Promise<Next> {
  switch (state) {
    case 'discovering':
      return discovering(deps);
    case 'fetching':
      return fetching(deps);
    case 'aggregating':
      return aggregating(deps);
    case 'gating':
      return gating(deps);
    case 'delivering':
      return delivering(deps);
    case 'delivered':
    case 'held':
    case 'failed':
    case 'cancelled':
      throw new Error(`a batch that is ${state} has ended`);
  }
}

async function discovering(deps: Running): Promise<Next> {
  const { spec, target, ledger, files } = deps;
  await deps.destination.probe();
  await ledger.clear();
  await rm(files.frontier, { force: true });
  await deps.record?.forgotPages();
  let discovered: number;
  const frontier = await openPages(deps);
  try {
    const timeline = createTimeline(files.timeline, spec);
    const snapshots = snapshotsOf(deps, { frontier, startedAt: new Date().toISOString(), timeline });
    const publish = (): Promise<void> => snapshots.publish({ state: 'discovering' });
    const found =
      spec.reextractOf === undefined
        ? await discoverPages({
            ...deps,
            frontier,
            rules: createRules({ ...deps, target: target.definition }),
            limit: spec.limit,
            publish,
          })
        : await takePagesOf(spec.reextractOf, deps, { frontier, publish });
    deps.onEvent({ kind: 'batch.discovered', batch: spec.id, ...found });
    discovered = found.pages;
  } finally {
    await frontier.close();
  }
  return { to: 'fetching', discovered };
}

/** Those of the batch whose pages are read again, with what that has of them. */
async function takePagesOf(
  batch: string,
  { home, target, ledger, sourceShare, who, signal }: Running,
  { frontier: to, publish }: { frontier: Frontier; publish: () => Promise<void> },
): Promise<Discovered> {
  await sourceShare?.take(who); // brings its frontier here
  await sourceShare?.fetchSegments();
  const spec = await readSpec(home, batch);
  const files = batchFiles(home, batch);
  if (spec !== undefined) await requirePages(spec, files);
  const from = await openFrontier(files.frontier);
  try {
    const { segments } = files;
    const copy = { from, segments, to, target: target.definition, ledger, publish, signal };
    return { pages: await copyPages(copy), duplicates: 0, skipped: 0 };
  } finally {
    await from.close();
  }
}

async function fetching(deps: Running): Promise<Next> {
  const { spec, target, ledger, board, files } = deps;
  const { definition } = target;
  await deps.destination.probe();
  const journal = await readJournal(files.journal);
  const frontier = await openPages(deps);
  let throttling: Throttling | undefined;
  try {
    const since = deadSince(journal);
    const isOffline = spec.reextractOf !== undefined;
    // What was kept asks nobody, and nobody is asked for it.
    const rules = createRules({
      ...deps,
      target: isOffline ? { ...definition, robots: 'ignore' } : definition,
    });
    await rules.seedHosts(frontier);
    const { maxConcurrency, minDelayMs, quietHours } = definition.throttle;
    const startedAt = journal[0]?.at ?? spec.createdAt;
    const measuring = await measuringOf(deps, {
      startedAt,
      discovered: discoveredPages(journal) ?? frontier.size,
      windowMs: since === undefined ? definition.sla?.windowMs : undefined, // the window was its first run's
    });
    const timeline = createTimeline(files.timeline, spec);
    throttling = isOffline
      ? createUnthrottled({ ...deps, ...spec })
      : createThrottling({
          batch: spec.id,
          who: deps.who,
          queue: deps.queue,
          board: deps.targetBoard,
          workers: deps.workers,
          target: spec.target,
          gate: deps.gate,
          file: createTargetFile(deps.home, spec.target, 'throttle.json'),
          maxConcurrency: Math.min(maxConcurrency, spec.concurrency ?? maxConcurrency),
          minDelayMs: Math.max(minDelayMs, (await rules.crawlDelayMs()) ?? 0),
          quietHours,
          isFetching: () => deps.lane?.isFetching?.() === true,
          onSamples(samples) {
            measuring.take(samples);
            timeline.took(samples);
          },
          onEvent: deps.onEvent,
        });
    const snapshots = snapshotsOf(deps, { frontier, startedAt, measuring, timeline });
    const attempts = definition.retries + 1;
    for (let rounds = 0, end = ''; end !== 'done'; rounds++) {
      const inDoubt = (await deps.softBook.look()).off?.doubt === true;
      const isFull = (await deps.carryBook.look()).off !== undefined;
      const taken = await putTogether(deps, { frontier, since, inDoubt, isFull, isFirst: rounds === 0 });
      const carrier = await openCarrier(deps);
      end = await fetchPages({
        ...deps,
        carrier,
        isCarriedInVain: async () => !isFull && (await deps.carryBook.look()).off !== undefined,
        batch: spec.id,
        frontier,
        admission: rules.admission({ frontier, ledger, limit: spec.limit, taken }),
        snapshots,
        throttling,
        need: measuring.need,
        attempts,
        drift: definition.gate.pauseOnDrift && !isOffline ? createDriftWatch(definition.gate) : undefined,
        soft: createSoftWatch({
          ...deps,
          batch: spec.id,
          book: deps.softBook,
          shortCut: shortCutOf(definition),
          inDoubt,
          segments: files.segments,
          frontier,
          attempts,
        }),
      }).finally(() => carrier.close());
    }
    await snapshots.publish({ state: 'aggregating' });
    await measuring.keep();
  } finally {
    await throttling?.close().catch(() => undefined); // Redis is away: what was learned last is kept
    await frontier.close();
    // Stopped, the batch stays as it is: what a person asked of it, too.
    if (!deps.signal.aborted) await board.setControl('run');
  }
  return { to: 'aggregating' };
}

async function openPages({ files, record, hindrance, signal }: Running): Promise<Frontier> {
  return patientFrontier(sharedFrontier(await openFrontier(files.frontier), record), hindrance, signal);
}

interface PutTogether {
  frontier: Frontier;
  since: string | undefined;
  /** Of pages that were read by a short cut. */
  inDoubt: boolean;
  /** No page is carried over. */
  isFull: boolean;
  isFirst: boolean;
}

/** What Redis knows of the pages, anew. Returns how many are to be fetched in all. */
async function putTogether(
  { spec, target, ledger, files, softBook, carryBook, share, onEvent }: Running,
  { frontier, since, inDoubt, isFull, isFirst }: PutTogether,
): Promise<number> {
  const { proven } = await softBook.look();
  await share?.fetchSegments();
  const { settled, taken, undone, uncarried } = await recover({
    target: target.definition,
    frontier,
    ledger,
    segments: files.segments,
    voids: { deadBefore: since, softBeyond: inDoubt ? proven : undefined, carried: isFull },
  });
  const { id: batch } = spec;
  if (settled > 0 && isFirst)
    onEvent({ kind: 'batch.resumed', batch, state: 'fetching', settled, frontier: frontier.size });
  if (undone > 0)
    onEvent({ kind: `batch.${shortCutOf(target.definition) ?? 'soft'}-undone`, batch, pages: undone });
  const { off } = await carryBook.look();
  if (uncarried > 0)
    onEvent({ kind: 'batch.carried-undone', batch, pages: uncarried, reason: off?.reason ?? '' });
  return taken;
}

async function measuringOf(
  { spec, target, destination, files, onEvent }: Running,
  {
    startedAt,
    discovered,
    windowMs,
  }: { startedAt: string; discovered: number; windowMs: number | undefined },
): Promise<Measuring> {
  const { sla, throttle } = target.definition;
  // A night's figures are a convenience: a store that does not answer now is met when it is delivered to.
  const [before] = await destination.earlier(spec.target, spec.date, 1).catch(() => []);
  return openMeasuring({
    batch: spec.id,
    file: files.measured,
    startedAtMs: Date.parse(startedAt),
    windowMs,
    paced: spec.pace !== false && sla?.pace === true,
    discovered,
    history: before === undefined || spec.limit !== undefined ? undefined : paceHistoryOf(before, discovered),
    maxConcurrency: Math.min(throttle.maxConcurrency, spec.concurrency ?? throttle.maxConcurrency),
    onEvent,
  });
}

function snapshotsOf(
  deps: Running,
  more: Pick<SnapshotsOptions, 'frontier' | 'startedAt' | 'measuring' | 'timeline'>,
): Snapshots {
  const { spec, target, softBook, share } = deps;
  const hasLane = spec.reextractOf === undefined && shortCutOf(target.definition) === 'lane';
  const lane = async (counts: PageCounts) =>
    laneStandingOf({ counts, book: await softBook.look(), isShared: share !== undefined });
  const { publish } = createSnapshots({ ...deps, ...more, lane: hasLane ? lane : undefined });
  return {
    async publish(now) {
      await publish(now);
      deps.wait.over(); // it moves again
    },
  };
}

/** Not waited for: Redis may be what is in the way. */
function showWait(deps: Running, notice: string | undefined): void {
  lastEntry(deps.files.journal)
    .then((entry) => publishWait(deps, { state: entry?.state ?? 'discovering', notice }))
    .catch(() => undefined);
}

async function enter(
  { files, spec, hindrance, record, share, board, signal, onEvent }: Running,
  { to: state, ...why }: Next & Pick<JournalEntry, 'failedIn'>,
): Promise<JournalEntry> {
  /** What tells of an end is there for all machines before the end is. */
  const tellAll = async (known: JournalEntry): Promise<void> => {
    if (isEnd(state)) await share?.tell();
    await record?.entered(known);
  };
  const entry = await hindrance.outwait(() => enterState(files.journal, state, why, tellAll), { signal });
  if (record !== undefined) await hindrance.outwait(() => board.setState(state), { signal });
  const { reason } = why;
  onEvent({ kind: 'batch.entered', batch: spec.id, state, ...(reason === undefined ? {} : { reason }) });
  return entry;
}

function reasonWithMend(error: unknown): string {
  const mend = isThreshError(error) ? error.mend : undefined;
  return mend === undefined ? reasonOf(error) : `${reasonOf(error)} (${mend})`;
}
