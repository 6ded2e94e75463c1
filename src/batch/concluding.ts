/** The states after fetching: `aggregating`, `gating`, `delivering`. Each can be killed anywhere and begun again. */
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Manifest, Report } from '../delivery/manifest.js';
import { openFrontier } from '../discovery/frontier.js';
import {
  type Aggregated,
  type AggregatingInput,
  aggregateBatch,
  readAggregated,
  workFiles,
} from './aggregating.js';
import { buildByPartitions } from './by-partitions.js';
import { deadSince, readJournal } from './journal.js';
import { judgeBatch, readJudgement } from './judging.js';
import { readMeasured } from './measuring.js';
import { readPlan } from './night-plan.js';
import { planOf } from './partition-plan.js';
import { failedChecks, manifestOf, reportOf } from './report.js';
import type { Next, Running } from './running.js';
import type { BatchRecord } from './share.js';
import type { BatchFiles } from './spec.js';
import { cpuSecondsOf } from './timeline.js';

/** Builds the dataset; back to fetching when the segments lost what had been acknowledged. */
export async function aggregating(deps: Running): Promise<Next> {
  const { files } = deps;
  const { totals } = await buildDataset(deps);
  const missing = (await frontierSize(files)) - Object.values(totals.outcomes).reduce((sum, n) => sum + n, 0);
  if (missing > 0)
    return { to: 'fetching', reason: `the segments lack ${missing} pages that had their outcome` };
  return { to: 'gating' };
}

/** The records under which this process built a batch's dataset. */
const builtUnder = new WeakSet<BatchRecord>();

async function buildDataset(deps: Running): Promise<Aggregated> {
  const since = deadSince(await readJournal(deps.files.journal));
  const input = {
    ...deps,
    key: deps.target.definition.key,
    // Whatever became of it: what nobody has compared is not delivered.
    voids: {
      deadBefore: since,
      softBeyond: (await deps.softBook.look()).proven,
      carried: (await deps.carryBook.look()).off !== undefined,
    },
    marksCarried: deps.target.definition.incremental !== undefined,
  };
  const aggregated = (await buildLarge(input)) ?? (await buildHere(input));
  if (deps.record !== undefined) builtUnder.add(deps.record);
  return aggregated;
}

/** In one piece, on this machine. */
async function buildHere(input: Running & AggregatingInput): Promise<Aggregated> {
  await input.share?.fetchSegments();
  return aggregateBatch(input);
}

/** In partitions, by whoever works for the farm; undefined when it is not large, or there is no store. */
async function buildLarge(input: Running & AggregatingInput): Promise<Aggregated | undefined> {
  const { share } = input;
  if (share === undefined) return undefined;
  const planned = await planOf({ ...input, share });
  if (planned === undefined) return undefined;
  return aggregateBatch(input, (_, work) => buildByPartitions({ deps: input, share, planned, work }));
}

/**
 * Where several machines may run a batch, what one of them built before it lost the batch may be older than what another
 * one built since: whoever takes it over builds it anew, and the segments give the same.
 */
async function aggregatedOf(deps: Running): Promise<Aggregated> {
  const { record } = deps;
  return record === undefined || builtUnder.has(record) ? readAggregated(deps.files) : buildDataset(deps);
}

/** Judges it; what is held has its report all the same. */
export async function gating(deps: Running): Promise<Next> {
  const input = await booksOf(deps);
  const judgement = await judgeBatch({ ...input, ...deps, target: input.target });
  if (judgement.passed) return { to: 'delivering' };
  const reason = failedChecks(judgement)
    .map((check) => check.message)
    .join('; ');
  await writeRun(deps, reportOf({ ...input, state: 'held', reason, judgement, forced: false }));
  return { to: 'held', reason };
}

/** Delivers what passed, or what a person released. */
export async function delivering(deps: Running): Promise<Next> {
  const { spec, files } = deps;
  const input = await booksOf(deps);
  const judgement =
    (await readJudgement(files)) ?? (await judgeBatch({ ...input, ...deps, target: input.target }));
  const judged = { ...input, judgement, forced: !judgement.passed };
  const manifest: Manifest = manifestOf(judged);
  const report = reportOf({ ...judged, state: 'delivered', reason: undefined });
  await writeRun(deps, { ...report, state: 'delivering' });
  const { dataset } = workFiles(files);
  await deps.record?.deliveryCame(files.delivery);
  let lost: unknown;
  const delivery = deps.destination.deliver(
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
      async onStep(step) {
        await deps.record?.deliveryCame(files.delivery).catch((error: unknown) => {
          lost = error;
          throw error;
        });
        deps.onEvent({ kind: 'delivery.stepped', batch: spec.id, step });
      },
    },
  );
  const where = await delivery.catch((error: unknown) => {
    throw lost ?? error; // and not as a fault of the destination
  });
  await writeRun(deps, report);
  deps.onEvent({
    kind: 'batch.delivered',
    batch: spec.id,
    rows: manifest.rows.delivered,
    files: manifest.files.length,
    where,
  });
  return { to: 'delivered' };
}

async function booksOf(deps: Running) {
  const { files } = deps;
  return {
    spec: deps.spec,
    target: deps.target.definition,
    columns: deps.columns,
    aggregated: await aggregatedOf(deps),
    frontier: await frontierSize(files),
    journal: await readJournal(files.journal),
    durations: await readMeasured(files.measured),
    soft: await deps.softBook.look(),
    night: { plan: await readPlan(files.plan), ...(await deps.carryBook.look()) },
    cpuSeconds: await cpuSecondsOf(files.timeline),
  };
}

async function frontierSize(files: BatchFiles): Promise<number> {
  const frontier = await openFrontier(files.frontier);
  await frontier.close();
  return frontier.size;
}

async function writeRun({ spec, files, destination, share }: Running, report: Report): Promise<void> {
  const work = workFiles(files);
  const artifacts = path.join(files.dir, 'artifacts');
  await share?.fetchFiles('artifacts');
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
