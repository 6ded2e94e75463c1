/** The figures of what was committed: of a batch, or of some of its segments. */
import type { PageOutcome, PageRecord, RenderedFor } from './record.js';

export interface CommittedTotals {
  outcomes: Record<PageOutcome, number>;
  /** Of those completed: read by a short cut. */
  soft: number;
  /** Of those completed: carried over from an earlier batch. */
  carried: number;
  /** Of those carried over: their document was asked. */
  asked: number;
  /** Of a target that fetches pages: why others were rendered. */
  renderedFor: Partial<Record<RenderedFor, number>>;
  /** At the pages that have an outcome, up to it. */
  attempts: number;
  /** Valid rows, before dedup by key. */
  rows: number;
  quarantined: number;
  /** Commits beyond one a page: attempts whose rows do not count. */
  superseded: number;
  /** Of those pages that were weighed: how many, and the bytes that they took over the network. */
  weighed: { pages: number; bytes: number };
  /** Through proxies, for all attempts, also those that do not count; undefined without proxies. */
  proxyBytes?: number;
}

export function noTotals(): CommittedTotals {
  return {
    outcomes: { completed: 0, gone: 0, skipped: 0, dead: 0 },
    soft: 0,
    carried: 0,
    asked: 0,
    renderedFor: {},
    attempts: 0,
    rows: 0,
    quarantined: 0,
    superseded: 0,
    weighed: { pages: 0, bytes: 0 },
  };
}

interface Read {
  soft?: unknown;
  carried?: unknown;
  renderedFor?: RenderedFor | undefined;
}

/** How a completed page was read, where its target leaves a choice. */
export function readByOf({ soft, carried, renderedFor }: Read): 'soft' | 'carried' | RenderedFor | undefined {
  if (soft !== undefined) return 'soft';
  return carried === undefined ? renderedFor : 'carried';
}

/** Adds a page to the totals, or takes it out again. */
export function count(totals: CommittedTotals, page: PageRecord, by: 1 | -1): void {
  totals.outcomes[page.outcome] += by;
  if (page.soft !== undefined) totals.soft += by;
  if (page.carried !== undefined) totals.carried += by;
  if (page.carried?.asked) totals.asked += by;
  if (page.renderedFor !== undefined)
    totals.renderedFor[page.renderedFor] = (totals.renderedFor[page.renderedFor] ?? 0) + by;
  totals.attempts += by * page.attempt;
  if (page.weight !== undefined) {
    totals.weighed.pages += by;
    totals.weighed.bytes += by * page.weight;
  }
  totals.rows += by * page.rows;
  totals.quarantined += by * page.quarantined;
}

/** Of two parts of a batch's segments. Attempts at one page may stand in both; `count` takes out what does not count. */
export function sumOf(a: CommittedTotals, b: CommittedTotals): CommittedTotals {
  const proxyBytes = (a.proxyBytes ?? 0) + (b.proxyBytes ?? 0);
  return {
    outcomes: sums(a.outcomes, b.outcomes),
    soft: a.soft + b.soft,
    carried: a.carried + b.carried,
    asked: a.asked + b.asked,
    renderedFor: sums(a.renderedFor, b.renderedFor),
    attempts: a.attempts + b.attempts,
    rows: a.rows + b.rows,
    quarantined: a.quarantined + b.quarantined,
    superseded: a.superseded + b.superseded,
    weighed: sums(a.weighed, b.weighed),
    ...(a.proxyBytes === undefined && b.proxyBytes === undefined ? {} : { proxyBytes }),
  };
}

function sums<T extends Partial<Record<string, number>>>(a: T, b: T): T {
  const sum: Partial<Record<string, number>> = { ...a };
  for (const [name, number = 0] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + number;
  return sum as T;
}
