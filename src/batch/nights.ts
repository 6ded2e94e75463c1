/** The history as a person looks at it: a row a target, a column a night. */
import type { Entry } from './catalogue.js';
import { isEnd } from './journal.js';
import { type Verdict, verdictOf } from './night-verdict.js';

export interface Night {
  /** `YYYY-MM-DD` */
  date: string;
  /** The night's last batch. */
  batch: string;
  verdict: Verdict;
  state: string;
  reason?: string;
  rows?: number;
  /** Dead letters. */
  dead?: number;
  margin?: number;
  seconds?: number;
  /** Batches of that date before it. */
  earlier?: number;
}

export interface TargetNights {
  target: string;
  /** The latest first; dates without a batch are left out. */
  nights: Night[];
}

/** Targets by name, with those that have had no batch since `since` (`YYYY-MM-DD`) left out. `entries`: the latest first. */
export function nightsOf(entries: readonly Entry[], since: string): TargetNights[] {
  const byTarget = grouped(entries, ({ spec }) => spec.target);
  return [...byTarget]
    .map(([target, all]) => ({ target, nights: nightsOfTarget(all, since) }))
    .filter(({ nights }) => nights.length > 0)
    .sort((a, b) => (a.target < b.target ? -1 : 1));
}

function nightsOfTarget(all: readonly Entry[], since: string): Night[] {
  const byDate = grouped(all, ({ spec }) => spec.date);
  const dates = [...byDate.keys()].sort().reverse();
  const lasts = dates.flatMap((date) => byDate.get(date)?.slice(0, 1) ?? []);
  const delivered = lasts.map(deliveredRows);
  return lasts.flatMap((entry, at) => {
    const { date, id } = entry.spec;
    if (date < since) return [];
    const earlierRows = delivered.slice(at + 1).filter((rows) => rows !== undefined);
    const { rows, pages, margin, seconds } = { ...entry.books, rows: entry.books?.rows.delivered };
    const others = (byDate.get(date)?.length ?? 1) - 1;
    return {
      date,
      batch: id,
      // A sample has fewer rows than a night, and is not thin for that.
      verdict: verdictOf(
        { state: entry.state, rows, margin },
        entry.spec.limit === undefined ? earlierRows : [],
      ),
      state: entry.state,
      ...(entry.reason === undefined || !isEnd(entry.state) ? {} : { reason: entry.reason }),
      ...(rows === undefined ? {} : { rows }),
      ...(pages === undefined ? {} : { dead: pages.dead }),
      ...(margin === undefined ? {} : { margin }),
      ...(seconds === undefined ? {} : { seconds }),
      ...(others === 0 ? {} : { earlier: others }),
    };
  });
}

function deliveredRows({ state, books, spec }: Entry): number | undefined {
  return state === 'delivered' && spec.limit === undefined ? books?.rows.delivered : undefined;
}

function grouped(entries: readonly Entry[], by: (entry: Entry) => string): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const group = groups.get(by(entry));
    if (group === undefined) groups.set(by(entry), [entry]);
    else group.push(entry);
  }
  return groups;
}
