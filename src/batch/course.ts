/** The course that a batch took, as its journal tells it, whichever processes ran it: for its trace. */
import type { TracedCourse } from '../telemetry/tracing.js';
import { isEnd, readJournal } from './journal.js';
import { batchFiles, readSpec } from './spec.js';
import { readReport } from './standings.js';

/** Of its last run; undefined when it has not ended. */
export async function courseOf(home: string, batch: string): Promise<TracedCourse | undefined> {
  const spec = await readSpec(home, batch);
  if (spec === undefined) return undefined;
  const journal = await readJournal(batchFiles(home, batch).journal);
  const ends = journal.flatMap(({ state }, at) => (isEnd(state) ? [at] : []));
  const end = journal.at(-1);
  const entries = journal.slice((ends.at(-2) ?? -1) + 1);
  const [first] = entries;
  if (first === undefined || end === undefined || !isEnd(end.state)) return undefined;
  const report = await readReport(home, spec);
  return {
    batch,
    target: spec.target,
    date: spec.date,
    run: ends.length,
    state: end.state,
    ...(end.reason === undefined ? {} : { reason: end.reason }),
    ...(report === undefined ? {} : { pages: report.pages.frontier }),
    ...(end.state === 'delivered' && report !== undefined ? { rows: report.rows.delivered } : {}),
    startedAtMs: Date.parse(first.at),
    endedAtMs: Date.parse(end.at),
    states: entries.slice(0, -1).map(({ state, at, reason }, place) => ({
      state,
      ...(reason === undefined ? {} : { reason }),
      startedAtMs: Date.parse(at),
      endedAtMs: Date.parse(entries[place + 1]?.at ?? end.at),
    })),
  };
}
