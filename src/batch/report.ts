/** The books of a batch: pages and rows add up, or this throws; what stands in `_SUCCESS` and `report.json`. */

import { type Column, describeColumns, schemaHash } from '../dataset/column.js';
import type { Verdict as Judgement } from '../dataset/gate.js';
import type { Cost, Effort, Manifest, PageBooks, Report, RowBooks } from '../delivery/manifest.js';
import type { ResolvedTarget } from '../target/defaults.js';
import type { Durations } from '../telemetry/durations.js';
import type { Aggregated } from './aggregating.js';
import { discoveredPages, isEnd, type JournalEntry } from './journal.js';
import { quantilesOf } from './measuring.js';
import type { NightPlan } from './night-plan.js';
import type { BatchSoftBook } from './soft-book.js';
import { shortCutOf } from './soft-watch.js';
import type { BatchSpec } from './spec.js';

export function pageBooks(aggregated: Aggregated, frontier: number): PageBooks {
  const { completed, gone, skipped, dead } = aggregated.totals.outcomes;
  const unfinished = frontier - completed - gone - skipped - dead;
  if (unfinished < 0)
    throw new Error(`the books of pages do not balance: ${-unfinished} more outcomes than pages`);
  return { frontier, completed, gone, skipped, dead, unfinished };
}

export function rowBooks({ totals, dataset }: Aggregated): RowBooks {
  const { rows, quarantined } = totals;
  const { delivered, duplicates } = dataset;
  if (dataset.read !== rows || rows !== delivered + duplicates) {
    throw new Error(
      `the books of rows do not balance: ${rows} in segments, ${dataset.read} read, ${delivered} delivered, ${duplicates} duplicates`,
    );
  }
  return { read: rows + quarantined, delivered, duplicates, quarantined };
}

export interface ManifestInput {
  spec: BatchSpec;
  target: ResolvedTarget;
  columns: Column[];
  aggregated: Aggregated;
  frontier: number;
  journal: readonly JournalEntry[];
  /** Of all attempts at its pages. */
  durations: Durations;
  soft: Awaited<ReturnType<BatchSoftBook['look']>>;
  /** Of a target with `incremental`. */
  night: Awaited<ReturnType<BatchSoftBook['look']>> & { plan: NightPlan | undefined };
  judgement: Judgement;
  /** Delivered whatever the gate said. */
  forced: boolean;
}

export function manifestOf({
  spec,
  target,
  columns,
  aggregated,
  frontier,
  journal,
  durations,
  soft,
  night,
  judgement,
  forced,
}: ManifestInput): Manifest {
  const startedAt = journal[0]?.at ?? spec.createdAt;
  const { finishedAt } = aggregated;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
  const sla = target.sla && { ...slaOf(target.sla.windowMs / 1_000, seconds), ...quantilesOf(durations) };
  const effort = effortOf(durations, {
    discovered: discoveredPages(journal) ?? frontier,
    attempts: aggregated.totals.attempts,
  });
  return {
    version: 1,
    batch: spec.id,
    target: spec.target,
    date: spec.date,
    schema: { hash: schemaHash(columns), columns: describeColumns(columns), key: target.key },
    files: aggregated.dataset.files,
    pages: pageBooks(aggregated, frontier),
    rows: rowBooks(aggregated),
    statistics: aggregated.dataset.statistics,
    times: { startedAt, finishedAt, seconds, states: secondsByState(journal, finishedAt) },
    ...(sla === undefined ? {} : { sla }),
    ...(effort === undefined ? {} : { effort }),
    ...(spec.reextractOf === undefined ? shortCutBooks(target, aggregated, soft) : {}),
    ...carryBooks(target, aggregated, night),
    engine: aggregated.engine,
    ...(spec.limit === undefined ? {} : { limit: spec.limit }),
    ...(spec.reextractOf === undefined ? {} : { reextractOf: spec.reextractOf }),
    ...(forced ? { forced: failedChecks(judgement).map(({ name }) => name) } : {}),
  };
}

function shortCutBooks(
  target: ResolvedTarget,
  { totals }: Aggregated,
  { samples, off, notes }: ManifestInput['soft'],
): Pick<Manifest, 'navigation' | 'blocking' | 'lane'> {
  const shortCut = shortCutOf(target);
  const { soft = 0, carried = 0, outcomes, renderedFor = {} } = totals;
  const loaded = outcomes.completed - soft - carried;
  const compared = { compared: samples, ...(off === undefined ? {} : { off: off.reason }) };
  if (shortCut === 'soft') return { navigation: { soft, load: loaded, ...compared } };
  if (shortCut === 'lane') {
    const refused = notes.flatMap(({ of, why, learning }) =>
      why === undefined || learning === true ? [] : [[of, why] as const],
    );
    const notLearned = refused.length === 0 ? {} : { notLearned: Object.fromEntries(refused) };
    return { lane: { fetched: soft, rendered: loaded, renderedFor, ...compared, ...notLearned } };
  }
  return shortCut === 'block' ? { blocking: { lean: soft, whole: loaded, ...compared } } : {};
}

function carryBooks(
  { incremental }: ResolvedTarget,
  { totals }: Aggregated,
  { plan, samples, off, notes }: ManifestInput['night'],
): Pick<Manifest, 'incremental'> {
  if (incremental === undefined || plan === undefined) return {};
  const full = plan.full ?? off?.reason;
  const notAsked = notes.at(-1)?.why;
  const asks = incremental.by.includes('document');
  return {
    incremental: {
      carried: totals.carried,
      ...(asks ? { asked: totals.asked } : {}),
      ...(notAsked === undefined ? {} : { notAsked }),
      rendered: totals.outcomes.completed - totals.carried,
      compared: samples,
      nights: off === undefined ? plan.nights : 0,
      ...(plan.base === undefined ? {} : { from: plan.base }),
      ...(full === undefined ? {} : { full }),
    },
  };
}

export interface ReportInput extends ManifestInput {
  /** Of CPU, browsers included. */
  cpuSeconds: number;
  state: Report['state'];
  reason: string | undefined;
}

export function failedChecks({ checks }: Judgement): Judgement['checks'] {
  return checks.filter((check) => !check.passed);
}

export function reportOf(input: ReportInput): Report {
  const manifest = manifestOf(input);
  const fetching = manifest.times.states.fetching ?? 0;
  const { aggregated, durations, judgement, reason } = input;
  const rendered = manifest.pages.completed - (aggregated.totals.carried ?? 0);
  return {
    state: input.state,
    ...(reason === undefined ? {} : { reason }),
    ...manifest,
    gate: { passed: judgement.passed, forced: input.forced, checks: judgement.checks },
    pagesPerSecond: fetching === 0 ? 0 : Math.round((rendered / fetching) * 100) / 100,
    ...(durations.count === 0 ? {} : { durations: durations.encode() }),
    cost: costOf(input),
    deadLetters: aggregated.deadLetters,
    quarantine: aggregated.quarantine.map(({ path, code, rows }) => ({ path, code, rows })),
  };
}

/** What every page takes is estimated from those that were weighed; not of pages that were not loaded each. */
function costOf({ cpuSeconds, aggregated, target }: ReportInput): Cost {
  const { weighed, proxyBytes, outcomes, carried = 0 } = aggregated.totals;
  const isKnown = weighed.pages > 0 && !['soft', 'lane'].includes(shortCutOf(target) ?? '');
  return {
    cpuSeconds,
    ...(isKnown
      ? {
          bytes: Math.round((weighed.bytes / weighed.pages) * (outcomes.completed - carried)),
          weighedPages: weighed.pages,
        }
      : {}),
    ...(proxyBytes === undefined ? {} : { proxyBytes }),
  };
}

function effortOf(durations: Durations, books: Pick<Effort, 'discovered' | 'attempts'>): Effort | undefined {
  if (durations.count === 0) return undefined;
  return {
    ...books,
    measured: durations.count,
    meanMs: Math.round(durations.mean()),
    p50Ms: durations.quantile(0.5),
    p99Ms: durations.quantile(0.99),
  };
}

function slaOf(windowSeconds: number, runSeconds: number) {
  const margin = 1 - runSeconds / windowSeconds;
  return { windowSeconds, runSeconds, margin: Math.round(margin * 10_000) / 10_000, met: margin >= 0 };
}

function secondsByState(journal: readonly JournalEntry[], until: string): Record<string, number> {
  const states: Record<string, number> = {};
  for (const [at, entry] of journal.entries()) {
    if (isEnd(entry.state)) continue;
    const end = journal[at + 1]?.at ?? until;
    const seconds = Math.max(0, Date.parse(end) - Date.parse(entry.at)) / 1_000;
    states[entry.state] = Math.round(((states[entry.state] ?? 0) + seconds) * 1_000) / 1_000;
  }
  return states;
}
