/** A target that was just written, tried on pages as a batch would work them. */
import type { Page } from 'playwright';
import { checkColumns } from '../dataset/check.js';
import type { Column } from '../dataset/column.js';
import { encodeRow } from '../dataset/encode.js';
import { loadTarget } from '../target/load.js';
import type { JsonAnswer } from './json-answers.js';
import { sampleOf } from './look.js';
import type { Proposal } from './proposal.js';
import type { SampleRow } from './samples.js';
import { tryPage, type Visiting } from './visit.js';

/** How one page went. */
export interface Trial {
  url: string;
  rows: Record<string, unknown>[];
  /** What the schema refused, a line each: `price: Invalid input`. */
  refused: string[];
  followed: number;
  /** Why there are no rows. */
  problem: string | undefined;
  /** The page's rows as its fields have them, before any schema. */
  seen: SampleRow[];
}

/** Throws TARGET_INVALID, BROWSER_UNAVAILABLE, or the signal's reason. */
export async function tryTarget(
  file: string,
  { pages, proposal, turn }: { pages: readonly string[]; proposal: Proposal; turn: () => Promise<void> },
  visiting: Visiting,
): Promise<Trial[]> {
  const target = await loadTarget<Column[]>(file, { checkSchema: checkColumns });
  const encode = (row: Record<string, unknown>): Record<string, unknown> =>
    encodeRow(target.columns ?? [], row);
  const trials: Trial[] = [];
  for (const url of pages) {
    await turn();
    const trial: Trial = { url, rows: [], refused: [], followed: 0, problem: undefined, seen: [] };
    trials.push(trial);
    const look = async (page: Page, answers: () => Promise<readonly JsonAnswer[]>): Promise<void> => {
      trial.seen = await sampleOf(page, proposal, answers);
    };
    const outcome = await tryPage(url, { target, encode }, { ...visiting, look });
    if (!outcome.ok || outcome.rendered.outcome === 'gone') trial.seen = []; // what stands there is no row
    if (!outcome.ok) trial.problem = `${outcome.error.code}: ${outcome.error.message}`;
    else if (outcome.rendered.outcome === 'gone') trial.problem = 'the page does not exist';
    else {
      trial.rows = outcome.rendered.rows.map(({ row }) => row);
      trial.followed = outcome.rendered.followed.length;
      trial.refused = outcome.rendered.quarantined.map(({ issues }) =>
        issues.map(({ path, message }) => `${path || '(row)'}: ${message}`).join('; '),
      );
    }
  }
  return trials;
}
