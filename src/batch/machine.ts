/**
 * The batch's state machine: from whatever state its journal says to an end. Can be killed at any instruction and run
 * again; journal.ts says in prose what each state enters with and leaves with.
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Queue } from 'bullmq';
import type { Column } from '../dataset/column.js';
import type { Destination } from '../delivery/contract.js';
import { openDestination } from '../delivery/destination.js';
import type { Manifest, Report } from '../delivery/manifest.js';
import type { S3Settings } from '../delivery/s3-store.js';
import { openFrontier } from '../discovery/frontier.js';
import { isThreshError, reasonOf } from '../errors.js';
import type { BatchBoard } from '../queue/batch-board.js';
import type { PageLedger } from '../queue/page-ledger.js';
import type { SegmentWriter } from '../spool/segment-writer.js';
import type { LoadedTarget } from '../target/load.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import { aggregateBatch, readAggregated, workFiles } from './aggregating.js';
import { discoverPages } from './discovering.js';
import { createDriftWatch } from './drift-watch.js';
import type { OnBatchEvent } from './events.js';
import { fetchPages } from './fetching.js';
import {
  type ActiveState,
  type BatchState,
  deadSince,
  type EndState,
  enterState,
  isEnd,
  type JournalEntry,
  readJournal,
} from './journal.js';
import { judgeBatch, readJudgement } from './judging.js';
import { recover } from './recover.js';
import { failedChecks, manifestOf, reportOf } from './report.js';
import { createRules } from './rules.js';
import { createPatience, setbackOf } from './setback.js';
import { createSnapshots, type Snapshots } from './snapshots.js';
import { type BatchFiles, type BatchSpec, batchFiles } from './spec.js';

export interface MachineDeps {
  home: string;
  spec: BatchSpec;
  target: LoadedTarget<Column[]>;
  columns: Column[];
  engine: 'duckdb' | 'parquetjs';
  s3: S3Settings;
  /** The target's page queue. */
  queue: Queue;
  ledger: PageLedger;
  board: BatchBoard;
  segments: SegmentWriter;
  onEvent: OnBatchEvent;
  onSnapshot: (snapshot: BatchSnapshot) => void;
  /** Aborts when this process stops; the batch stays as it is, for whoever takes it over. */
  signal: AbortSignal;
}

interface Running extends MachineDeps {
  destination: Destination;
}

/** Throws only when stopped (the signal's reason) or for bugs; a failed batch is an end like the others. */
export async function runBatch(options: MachineDeps): Promise<JournalEntry & { state: EndState }> {
  const destination = await openDestination(options.spec.out, options.s3);
  return run({ ...options, destination }).finally(() => destination.close());
}

async function run(deps: Running): Promise<JournalEntry & { state: EndState }> {
  const files = batchFiles(deps.home, deps.spec.id);
  const { signal, onEvent } = deps;
  const batch = deps.spec.id;
  const patience = createPatience((reason) => onEvent({ kind: 'batch.waited', batch, reason }), signal);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await walk(deps, files);
    } catch (error) {
      const setback = signal.aborted ? undefined : setbackOf(error);
      if (setback === undefined) throw error;
      await patience.wait(setback);
    }
  }
}

/** To the end, state by state. Throws what may pass; going on from there is entering the state once more. */
async function walk(deps: Running, files: BatchFiles): Promise<JournalEntry & { state: EndState }> {
  await deps.board.open(deps.spec.target);
  let entry = (await readJournal(files.journal)).at(-1) ?? (await enter(deps, files, 'discovering'));
  while (!isEnd(entry.state)) {
    deps.signal.throwIfAborted();
    try {
      entry = await step(entry.state, deps, files);
    } catch (error) {
      if (deps.signal.aborted) throw deps.signal.reason;
      if (setbackOf(error) !== undefined) throw error;
      const end = isThreshError(error) && error.code === 'CANCELLED' ? 'cancelled' : 'failed';
      const failedIn = end === 'failed' ? { failedIn: entry.state as ActiveState } : {};
      entry = await enter(deps, files, end, { reason: reasonWithMend(error), ...failedIn });
    }
  }
  await deps.ledger.clear();
  await deps.board.close();
  return entry as JournalEntry & { state: EndState };
}

function step(state: BatchState, deps: Running, files: BatchFiles): Promise<JournalEntry> {
  switch (state) {
    case 'discovering':
      return discovering(deps, files);
    case 'fetching':
      return fetching(deps, files);
    case 'aggregating':
      return aggregating(deps, files);
    case 'gating':
      return gating(deps, files);
    case 'delivering':
      return delivering(deps, files);
    case 'delivered':
    case 'held':
    case 'failed':
    case 'cancelled':
      throw new Error(`a batch that is ${state} has ended`);
  }
}

async function discovering(deps: Running, files: BatchFiles): Promise<JournalEntry> {
  const { spec, target, ledger } = deps;
  await deps.destination.probe();
  await ledger.clear();
  await rm(files.frontier, { force: true });
  const frontier = await openFrontier(files.frontier);
  try {
    const snapshots = snapshotsOf(deps, frontier, new Date().toISOString());
    const rules = createRules(target.definition, deps.signal);
    const found = await discoverPages({
      ...deps,
      frontier,
      rules,
      limit: spec.limit,
      publish: () => snapshots.publish({ state: 'discovering' }),
    });
    deps.onEvent({ kind: 'batch.discovered', batch: spec.id, ...found });
  } finally {
    await frontier.close();
  }
  return enter(deps, files, 'fetching');
}

async function fetching(deps: Running, files: BatchFiles): Promise<JournalEntry> {
  const { spec, target, ledger, board } = deps;
  const { definition } = target;
  await deps.destination.probe();
  const journal = await readJournal(files.journal);
  const frontier = await openFrontier(files.frontier);
  try {
    const since = deadSince(journal);
    const { settled, taken } = await recover({
      target: definition,
      frontier,
      ledger,
      segments: files.segments,
      deadSince: since,
    });
    if (settled > 0) {
      deps.onEvent({
        kind: 'batch.resumed',
        batch: spec.id,
        state: 'fetching',
        settled,
        frontier: frontier.size,
      });
    }
    const rules = createRules(definition, deps.signal);
    await rules.seedHosts(frontier);
    const { maxConcurrency, minDelayMs } = definition.throttle;
    await fetchPages({
      ...deps,
      batch: spec.id,
      frontier,
      admission: rules.admission({ frontier, ledger, limit: spec.limit, taken }),
      snapshots: snapshotsOf(deps, frontier, journal[0]?.at ?? spec.createdAt),
      maxConcurrency: Math.min(maxConcurrency, spec.concurrency ?? maxConcurrency),
      minDelayMs: Math.max(minDelayMs, (await rules.crawlDelayMs()) ?? 0),
      attempts: definition.retries + 1,
      drift: definition.gate.pauseOnDrift ? createDriftWatch(definition.gate) : undefined,
    });
    await snapshotsOf(deps, frontier, journal[0]?.at ?? spec.createdAt).publish({ state: 'aggregating' });
  } finally {
    await frontier.close();
    // Stopped, the batch stays as it is: what a person asked of it, too.
    if (!deps.signal.aborted) await board.setControl('run');
  }
  return enter(deps, files, 'aggregating');
}

async function aggregating(deps: Running, files: BatchFiles): Promise<JournalEntry> {
  const since = deadSince(await readJournal(files.journal));
  const { totals } = await aggregateBatch({
    ...deps,
    files,
    key: deps.target.definition.key,
    deadSince: since,
  });
  const missing = (await frontierSize(files)) - Object.values(totals.outcomes).reduce((sum, n) => sum + n, 0);
  if (missing > 0)
    return enter(deps, files, 'fetching', {
      reason: `the segments lack ${missing} pages that had their outcome`,
    });
  return enter(deps, files, 'gating');
}

async function gating(deps: Running, files: BatchFiles): Promise<JournalEntry> {
  const input = await booksOf(deps, files);
  const judgement = await judgeBatch({ ...input, files, destination: deps.destination });
  if (judgement.passed) return enter(deps, files, 'delivering');
  const reason = failedChecks(judgement)
    .map((check) => check.message)
    .join('; ');
  await writeRun(deps, files, reportOf({ ...input, state: 'held', reason, judgement, forced: false }));
  return enter(deps, files, 'held', { reason });
}

async function delivering(deps: Running, files: BatchFiles): Promise<JournalEntry> {
  const { spec } = deps;
  const input = await booksOf(deps, files);
  const judgement =
    (await readJudgement(files)) ?? (await judgeBatch({ ...input, files, destination: deps.destination }));
  const judged = { ...input, judgement, forced: !judgement.passed };
  const manifest: Manifest = manifestOf(judged);
  const report = reportOf({ ...judged, state: 'delivered', reason: undefined });
  await writeRun(deps, files, { ...report, state: 'delivering' });
  const { dataset } = workFiles(files);
  const where = await deps.destination.deliver(
    {
      target: spec.target,
      date: spec.date,
      batch: spec.id,
      files: manifest.files.map(({ name, bytes }) => ({ path: path.join(dataset, name), bytes })),
      manifest: `${JSON.stringify(manifest, null, 2)}\n`,
    },
    {
      journal: files.delivery,
      signal: deps.signal,
      onStep: (step) => deps.onEvent({ kind: 'delivery.stepped', batch: spec.id, step }),
    },
  );
  await writeRun(deps, files, report);
  deps.onEvent({
    kind: 'batch.delivered',
    batch: spec.id,
    rows: manifest.rows.delivered,
    files: manifest.files.length,
    where,
  });
  const entry = await enter(deps, files, 'delivered');
  await rm(dataset, { recursive: true, force: true });
  return entry;
}

async function booksOf(deps: Running, files: BatchFiles) {
  return {
    spec: deps.spec,
    target: deps.target.definition,
    columns: deps.columns,
    aggregated: await readAggregated(files),
    frontier: await frontierSize(files),
    journal: await readJournal(files.journal),
  };
}

async function frontierSize(files: BatchFiles): Promise<number> {
  const frontier = await openFrontier(files.frontier);
  await frontier.close();
  return frontier.size;
}

async function writeRun({ spec, destination }: Running, files: BatchFiles, report: Report): Promise<void> {
  const work = workFiles(files);
  const artifacts = path.join(files.dir, 'artifacts');
  const names = await readdir(artifacts).catch(() => []); // no page failed
  const text = `${JSON.stringify(report, null, 2)}\n`;
  await writeFile(files.report, text);
  await destination.writeRun({
    target: spec.target,
    batch: spec.id,
    files: {
      'quarantine.ndjson': { from: work.quarantined },
      'dead-letters.ndjson': { from: work.dead },
      ...Object.fromEntries(names.map((name) => [`artifacts/${name}`, { from: path.join(artifacts, name) }])),
      'report.json': { text },
    },
  });
}

function snapshotsOf(
  deps: Running,
  frontier: Parameters<typeof createSnapshots>[0]['frontier'],
  startedAt: string,
): Snapshots {
  const windowMs = deps.target.definition.sla?.windowMs;
  return createSnapshots({ ...deps, frontier, startedAt, windowMs });
}

async function enter(
  deps: Running,
  files: BatchFiles,
  state: BatchState,
  why: Pick<JournalEntry, 'reason' | 'failedIn'> = {},
): Promise<JournalEntry> {
  const entry = await enterState(files.journal, state, why);
  const { reason } = why;
  deps.onEvent({
    kind: 'batch.entered',
    batch: deps.spec.id,
    state,
    ...(reason === undefined ? {} : { reason }),
  });
  return entry;
}

function reasonWithMend(error: unknown): string {
  const mend = isThreshError(error) ? error.mend : undefined;
  return mend === undefined ? reasonOf(error) : `${reasonOf(error)} (${mend})`;
}
