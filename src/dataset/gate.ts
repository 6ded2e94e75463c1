/** Whether a batch's dataset is fit to be delivered: pure arithmetic on its books and on those of earlier datasets. */
import { type Comparison, compare } from './compare.js';

export interface GateInput {
  /** Every page of the frontier ends as exactly one of the others. */
  pages: {
    frontier: number;
    completed: number;
    gone: number;
    skipped: number;
    dead: number;
    unfinished: number;
  };
  /** `read` counts all rows that completed pages gave: delivered + duplicates + quarantined. */
  rows: { read: number; delivered: number; duplicates: number; quarantined: number };
  thresholds: {
    /** Least share of the pages, without gone and skipped, that must have completed. */
    minCompleted: number;
    /** Greatest share of the rows read that may be in quarantine. */
    maxQuarantined: number;
    /** Least number of delivered rows. */
    minRows: number;
  };
  /** Without it the batch is judged by its own books alone. */
  comparison?: Comparison;
}

export interface GateCheck {
  /** `completed`, `quarantined`, `rows`, `page balance`, `row balance`; compared: `rows compared`, `nulls of COLUMN`, `schema`. */
  name: string;
  value: number;
  /** Of the checks on the batch's own books, and of `schema`. */
  threshold?: number;
  /** What earlier datasets let expect, bounds included; absent when there was nothing to compare with. */
  expected?: { least: number; most: number };
  /** How many earlier datasets were looked at. */
  earlier?: number;
  passed: boolean;
  /** One line for a person, with the numbers that it comes from. */
  message: string;
}

export interface Verdict {
  passed: boolean;
  checks: GateCheck[];
}

/** Rounded away from the threshold: 97.996 % never reads as the 98 % that it missed. */
function percent(share: number, down: boolean): string {
  // The first rounding takes off the float's own noise (0.07 * 100 is 7.000000000000001).
  const steps = Number((share * 10_000).toFixed(6));
  return `${(down ? Math.floor(steps) : Math.ceil(steps)) / 100} %`;
}

/** Judges a batch. With nothing to complete (all pages gone or skipped, or none) all of it counts as completed. */
export function judge({ pages, rows, thresholds, comparison }: GateInput): Verdict {
  const due = pages.frontier - pages.gone - pages.skipped;
  const completed = due > 0 ? pages.completed / due : 1;
  const quarantined = rows.read > 0 ? rows.quarantined / rows.read : 0;
  const pagesEnded = pages.completed + pages.gone + pages.skipped + pages.dead + pages.unfinished;
  const rowsEnded = rows.delivered + rows.duplicates + rows.quarantined;
  const checks: GateCheck[] = [
    {
      name: 'completed',
      value: completed,
      threshold: thresholds.minCompleted,
      passed: completed >= thresholds.minCompleted,
      message: `${pages.completed} of ${due} pages completed (${percent(completed, true)}; at least ${percent(thresholds.minCompleted, false)})`,
    },
    {
      name: 'quarantined',
      value: quarantined,
      threshold: thresholds.maxQuarantined,
      passed: quarantined <= thresholds.maxQuarantined,
      message: `${rows.quarantined} of ${rows.read} rows in quarantine (${percent(quarantined, false)}; at most ${percent(thresholds.maxQuarantined, true)})`,
    },
    {
      name: 'rows',
      value: rows.delivered,
      threshold: thresholds.minRows,
      passed: rows.delivered >= thresholds.minRows,
      message: `${rows.delivered} rows (at least ${thresholds.minRows})`,
    },
    {
      name: 'page balance',
      value: pagesEnded,
      threshold: pages.frontier,
      passed: pagesEnded === pages.frontier,
      message: `${pagesEnded} pages accounted for, ${pages.frontier} in the frontier`,
    },
    {
      name: 'row balance',
      value: rowsEnded,
      threshold: rows.read,
      passed: rowsEnded === rows.read,
      message: `${rowsEnded} rows accounted for, ${rows.read} read`,
    },
    ...(comparison === undefined ? [] : compare(comparison)),
  ];
  // `passed` is false for NaN too: a comparison with it is never true.
  return { passed: checks.every((check) => check.passed), checks };
}
