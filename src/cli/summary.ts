/** What a person wants to know when a batch has ended. */
import path from 'node:path';
import type { JournalEntry } from '../batch/journal.js';
import type { BatchSpec } from '../batch/spec.js';
import { readReport } from '../batch/standings.js';
import type { LaneBooks, Report } from '../delivery/manifest.js';
import { formatDuration } from '../telemetry/duration.js';
import { plainText } from '../telemetry/plain-text.js';

export interface SummaryOptions {
  home: string;
  /** The report as JSON on stdout. */
  json: boolean;
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
}

/** Where something of the target's stands below the output: a folder's path, or an S3 URL. */
function below({ out, target }: BatchSpec, ...names: string[]): string {
  return out.startsWith('s3://') ? [out, target, ...names].join('/') : path.join(out, target, ...names);
}

/** Words on stderr, and on stdout the delivered folder, or the whole report as JSON. */
export async function summaryOf(spec: BatchSpec, end: JournalEntry, options: SummaryOptions): Promise<void> {
  const report =
    end.state === 'delivered' || end.state === 'held' ? await readReport(options.home, spec) : undefined;
  options.stderr.write(`${[`${spec.id}: ${end.state}`, ...lines(spec, end, report)].join('\n')}\n`);
  if (options.json) {
    const { id: batch, target, date } = spec;
    const brief = {
      batch,
      target,
      date,
      state: end.state,
      ...(end.reason === undefined ? {} : { reason: end.reason }),
    };
    options.stdout.write(`${JSON.stringify(report ?? brief)}\n`);
  } else if (end.state === 'delivered') {
    options.stdout.write(`${below(spec, `date=${spec.date}`)}\n`);
  }
}

function carriedLine({ incremental }: Report): string[] {
  if (incremental === undefined) return [];
  const { carried, asked, notAsked, rendered, compared, from = '', full } = incremental;
  const byDocument = asked === undefined ? '' : ` (${asked} by their document)`;
  const without = notAsked === undefined ? '' : `; documents were not asked: ${notAsked}`;
  const why = full === undefined ? `, from ${from}; ${compared} compared` : `; a full night: ${full}`;
  return [`  carried  ${carried}${byDocument}, ${rendered} rendered${plainText(why + without, 300)}`];
}

function lines(spec: BatchSpec, end: JournalEntry, report: Report | undefined): string[] {
  const why = end.reason === undefined ? [] : [`  why      ${plainText(end.reason, 1_000)}`];
  if (report === undefined) return why;
  const { pages, rows, times, sla, effort, lane } = report;
  const pageTimes =
    effort === undefined
      ? ''
      : `, page p50 ${formatDuration(effort.p50Ms)}, p99 ${formatDuration(effort.p99Ms)}`;
  const margin =
    sla === undefined
      ? ''
      : `, margin ${Math.round(sla.margin * 100)} % of ${formatDuration(sla.windowSeconds * 1_000)}`;
  return [
    ...why,
    `  pages    ${pages.completed} completed, ${pages.gone} gone, ${pages.skipped} skipped, ${pages.dead} dead, ${pages.unfinished} unfinished, of ${pages.frontier}`,
    ...carriedLine(report),
    `  rows     ${rows.delivered} delivered, ${rows.duplicates} duplicates, ${rows.quarantined} quarantined, of ${rows.read}`,
    `  time     ${formatDuration(times.seconds * 1_000)}, ${report.pagesPerSecond} pages/s${pageTimes}${margin}`,
    ...(lane === undefined ? [] : [`  lane     ${laneInWords(lane)}`]),
    ...(end.state === 'delivered' ? [`  dataset  ${below(spec, `date=${spec.date}`)}`] : []),
    `  report   ${below(spec, '_runs', spec.id, 'report.json')}`,
    ...(pages.dead > 0 ? [`  dead letters: thresh failures ${spec.id}`] : []),
    ...(rows.quarantined > 0 ? [`  refused rows: thresh quarantine ${spec.id}`] : []),
    ...(end.state === 'held' ? [`  release it anyway: thresh deliver ${spec.id} --force`] : []),
  ];
}

function laneInWords({ fetched, rendered, renderedFor, notLearned = {}, off }: LaneBooks): string {
  const why = Object.entries(renderedFor).map(([reason, pages]) => `${reason} ${pages}`);
  const refused = Object.entries(notLearned).map(
    ([of, reason]) => `; not learned (${plainText(of, 80)}): ${plainText(reason, 300)}`,
  );
  const turnedOff = off === undefined ? '' : `; off: ${plainText(off, 300)}`;
  const reasons = why.length === 0 ? '' : ` (${why.join(', ')})`;
  return `${fetched} fetched, ${rendered} rendered${reasons}${refused.join('')}${turnedOff}`;
}
