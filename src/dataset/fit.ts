/**
 * Whether a target still fits its site: a few pages as they are read now against the rows that were delivered of them.
 * That values change is the way of things and only told. A target no longer fits when pages fail or give no row, when
 * the schema refuses more than the gate lets pass, or when a column has gone NULL, or stands in another one, in most of
 * the rows. One row alone proves it only where there is no second one.
 */
import type { Column } from './column.js';
import { type ColumnFit, columnFits } from './column-fit.js';
import type { Row } from './comparable.js';
import { type FreshRow, type MatchedRows, matchRows, type RowIssue } from './match-rows.js';
import type { SchemaChange } from './schema-change.js';

export type PageEnd =
  | { outcome: 'completed'; rows: readonly FreshRow[] }
  | { outcome: 'gone' }
  | { outcome: 'failed'; code: string; message: string }
  /** It may not be fetched, or not be read. */
  | { outcome: 'skipped'; why: string };

export interface LookedAt {
  url: string;
  /** Its rows in the dataset, at least one. */
  delivered: readonly Row[];
  end: PageEnd;
}

export interface FitInput {
  columns: readonly Column[];
  key: readonly string[];
  pages: readonly LookedAt[];
  /** From the delivered dataset's schema to the target's. */
  schema: SchemaChange;
  /** Greatest share of the rows that the schema may refuse. */
  maxQuarantined: number;
}

export interface PageFit {
  url: string;
  outcome: PageEnd['outcome'];
  code?: string;
  /** Why it failed, or was skipped. */
  reason?: string;
  /** Delivered of it. */
  delivered: number;
  /** That the schema takes now. */
  rows: number;
  refused: number;
  missing: number;
  came: number;
}

export interface Fit {
  fits: boolean;
  /** Why it does not. */
  reasons: string[];
  pages: PageFit[];
  columns: ColumnFit[];
  schema: SchemaChange;
  /** Delivered rows that are there now, with those that the schema refuses. */
  compared: number;
}

export function fitOf({ columns, key, pages, schema, maxQuarantined }: FitInput): Fit {
  const looks = pages.map((page) => ({ page, matched: matchedOf({ columns, key }, page) }));
  const pairs = looks.flatMap(({ matched }) => matched?.pairs ?? []);
  const fits = columnFits(columns, pairs);
  const pageFits = looks.map(({ page, matched }) => pageFit(page, matched));
  const reasons = [
    ...schema.breaking.map((change) => `schema: ${change}`),
    ...pageReasons(pageFits),
    ...refusedReason(pages, maxQuarantined),
    ...keyReason(pageFits, key, pairs.length),
    ...fits.flatMap(({ broken }) => broken ?? []),
  ];
  return {
    fits: reasons.length === 0,
    reasons,
    pages: pageFits,
    columns: fits,
    schema,
    compared: pairs.length,
  };
}

function matchedOf(
  shape: Pick<FitInput, 'columns' | 'key'>,
  { delivered, end }: LookedAt,
): MatchedRows | undefined {
  return end.outcome === 'completed' ? matchRows(shape, delivered, end.rows) : undefined;
}

function pageFit({ url, delivered, end }: LookedAt, matched: MatchedRows | undefined): PageFit {
  const rows = end.outcome === 'completed' ? end.rows : [];
  const refused = rows.filter(({ issues }) => issues !== undefined).length;
  const reason = end.outcome === 'failed' ? end.message : end.outcome === 'skipped' ? end.why : undefined;
  return {
    url,
    outcome: end.outcome,
    ...(end.outcome === 'failed' ? { code: end.code } : {}),
    ...(reason === undefined ? {} : { reason }),
    delivered: delivered.length,
    rows: rows.length - refused,
    refused,
    missing: matched?.missing.length ?? 0,
    came: matched?.came.length ?? 0,
  };
}

function pageReasons(pages: readonly PageFit[]): string[] {
  const looked = pages.filter(({ outcome }) => outcome !== 'skipped');
  if (looked.length === 0) return [`none of ${pages.length} pages could be looked at: ${pages[0]?.reason}`];
  const failed = looked.filter(({ outcome }) => outcome === 'failed');
  const gone = looked.filter(({ outcome }) => outcome === 'gone');
  const empty = looked.filter(
    ({ outcome, rows, refused }) => outcome === 'completed' && rows + refused === 0,
  );
  const of = `of ${looked.length} pages`;
  const codes = [...new Set(failed.map(({ code }) => code))].join(', ');
  return [
    ...(failed.length === 0 ? [] : [`${failed.length} ${of} failed: ${codes}`]),
    ...(empty.length === 0 ? [] : [`${empty.length} ${of} gave no row`]),
    // Some go every day.
    ...(gone.length * 2 > looked.length ? [`${gone.length} ${of} are gone`] : []),
  ];
}

function refusedReason(pages: readonly LookedAt[], most: number): string[] {
  const rows = pages.flatMap(({ end }) => (end.outcome === 'completed' ? end.rows : []));
  const refused = rows.flatMap(({ issues }) => (issues === undefined ? [] : [issues]));
  if (refused.length <= most * rows.length) return [];
  return [`the schema refuses ${refused.length} of ${rows.length} rows: ${commonest(refused)}`];
}

/** Keys that are all new are mostly read from somewhere else. */
function keyReason(pages: readonly PageFit[], key: readonly string[], pairs: number): string[] {
  const there = pages.reduce((sum, { rows, refused }) => sum + rows + refused, 0);
  if (pairs > 0 || there === 0) return [];
  return [`none of ${there} rows has a key (${key.join(', ')}) that was delivered of these pages`];
}

/** What most of them have in common. */
function commonest(refused: readonly (readonly RowIssue[])[]): string {
  const times = new Map<string, number>();
  for (const { path, message } of refused.flat()) {
    const words = path === '' ? message : `${path}: ${message}`;
    times.set(words, (times.get(words) ?? 0) + 1);
  }
  const [first] = [...times].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? 'for no reason that it gives';
}
