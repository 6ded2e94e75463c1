/** `thresh plan TARGET`: what a night would take, before it begins; from earlier batches, or from assumptions that are named. */
import Table from 'cli-table3';
import { loadChecked } from '../batch/context.js';
import { type EarlierNight, readLearned, readNights } from '../batch/history.js';
import { openDestination } from '../delivery/destination.js';
import { ThreshError } from '../errors.js';
import type { Settings } from '../settings.js';
import { parseDurationMs } from '../target/duration.js';
import { formatDuration } from '../telemetry/duration.js';
import { percent } from '../telemetry/progress-lines.js';
import { type Night, type NightPlan, planNight, sensitivities } from '../throttle/plan.js';
import { type Assumption, assumptionsOf, valuesOf, worse } from './assumptions.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { usualPagesAtOnce } from './pages-at-once.js';
import { outFolder } from './run.js';

export interface PlanOptions {
  pages?: number;
  window?: string;
  out?: string;
  /** Pages at once of one worker. */
  concurrency?: number;
  json?: boolean;
}

interface Planned extends NightPlan {
  target: string;
  pages: number;
  windowMs: number;
  /** In one sentence. */
  answer: string;
  assumptions: Assumption[];
  /** What each of them would do when it turned out worse, the worst first. */
  sensitivity: { name: string; if: number; flatOutMs: number; margin: number; workers: number | null }[];
}

/** Exit code 1 when it cannot be done within the window. */
export async function plan(ref: string, options: PlanOptions, settings: Settings): Promise<ExitCode> {
  const { definition } = await loadChecked(ref, settings.targets);
  const { name, sla, deliver } = definition;
  const out = outFolder(options.out, deliver?.to, settings);
  const destination = await openDestination(out, settings.s3);
  const nights = await readNights({ target: name, out, destination }).finally(() => destination.close());
  const night: Night = {
    pages: options.pages ?? lastFrontier(nights, name),
    windowMs: windowOf(options.window, sla?.windowMs, name),
    paced: sla?.pace !== false,
  };
  const assumptions = assumptionsOf({
    nights,
    pages: night.pages,
    learned: await readLearned(settings.home, name),
    throttle: definition.throttle,
    pagesPerWorker: options.concurrency,
    defaultPerWorker: usualPagesAtOnce(),
  });
  const planned = planNight(night, valuesOf(assumptions));
  const otherwise = worse(assumptions);
  const shown: Planned = {
    target: name,
    pages: night.pages,
    windowMs: night.windowMs,
    answer: answerOf(night, planned, assumptions),
    ...planned,
    assumptions,
    sensitivity: sensitivities(night, planned, otherwise).map((one) => ({
      ...one,
      if: otherwise.find((other) => other.name === one.name)?.value ?? 0,
      workers: one.workers ?? null,
    })),
  };
  process.stdout.write(options.json === true ? `${JSON.stringify(shown)}\n` : textOf(shown, night));
  return planned.feasible ? EXIT.ok : EXIT.failed;
}

function lastFrontier(nights: readonly EarlierNight[], target: string): number {
  const pages = nights.find((night) => night.pages !== undefined)?.pages;
  if (pages === undefined)
    throw usage(`no earlier batch of ${target} says how many pages there are`, 'name them: --pages 50000');
  return pages;
}

function windowOf(typed: string | undefined, ofTarget: number | undefined, target: string): number {
  const windowMs = typed === undefined ? ofTarget : parseDurationMs(typed);
  if (windowMs !== undefined) return windowMs;
  throw typed === undefined
    ? usage(`${target} has no sla.window`, 'name one: --window 4h')
    : usage(`"${typed}" is no duration`, 'write it as 4h, 30m or 1h30m');
}

function answerOf(
  { pages, windowMs, paced }: Night,
  planned: NightPlan,
  assumptions: readonly Assumption[],
): string {
  const asked = `${count(pages)} pages in ${formatDuration(windowMs)}`;
  if (!planned.feasible) {
    const { limit, perSecond } = valuesOf(assumptions);
    const isRate = perSecond !== undefined && planned.perSecond >= perSecond;
    const bears = isRate ? `${short(perSecond)} page starts a second` : `${short(limit)} pages in flight`;
    return `no; the target bears ${bears}: ${count(planned.pagesInWindow)} pages in ${formatDuration(windowMs)}, not ${count(pages)}; give it ${generous(planned.leastWindowMs)}, or ${generous(planned.safeWindowMs)} to leave a margin of 30 %`;
  }
  const { workers, timeMs, margin } = planned;
  const how = `${workers} worker${workers === 1 ? '' : 's'}, ${formatDuration(timeMs)}${paced ? ' at the pace that it needs' : ''}, margin ${percent(margin)}`;
  return `${margin < 0.15 ? 'hardly' : 'yes'}; ${asked} take ${how}`;
}

function textOf(planned: Planned, { paced }: Night): string {
  const facts = plainTable(['', '']);
  facts.push(
    ['workers', String(planned.workers)],
    ['pages in flight', `${short(planned.slots)}, over all workers`],
    ['page starts', `${short(planned.perSecond)} a second`],
    ['time', formatDuration(planned.timeMs)],
    ...(paced ? [['unpaced', formatDuration(planned.flatOutMs)]] : []),
    ['margin', marginText(planned.margin)],
  );
  const table = plainTable(['assumption', 'value', 'from', 'if it were', 'it takes', 'margin', 'needs']);
  for (const one of planned.sensitivity) {
    const assumption = planned.assumptions.find(({ name }) => name === one.name);
    if (assumption === undefined) continue;
    table.push([
      one.name,
      valueText(assumption, assumption.value),
      `${assumption.measured ? '' : 'assumed: '}${assumption.from}`,
      valueText(assumption, one.if),
      formatDuration(one.flatOutMs),
      marginText(one.margin),
      one.workers === null ? 'more than it bears' : `${one.workers} worker${one.workers === 1 ? '' : 's'}`,
    ]);
  }
  const [first] = planned.sensitivity;
  const most = first === undefined ? '' : `what matters most: ${first.name}\n`;
  return `${planned.target}: ${planned.answer}\n${facts.toString()}\n${table.toString()}\n${most}`;
}

function marginText(margin: number): string {
  return margin < 0 ? 'missed' : percent(margin);
}

function valueText({ unit }: Assumption, value: number): string {
  switch (unit) {
    case 'ms':
      return formatDuration(value);
    case 'share':
      return `${Math.round(value * 100)} %`;
    case 'pages':
      return short(value);
    case 'perSecond':
      return `${short(value)} a second`;
  }
}

/** No colours, and no lines between the rows. */
function plainTable(head: string[]): InstanceType<typeof Table> {
  const named = head.some((name) => name !== '') ? { head } : {};
  return new Table({
    ...named,
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
}

/** Rounded up to what one would write down: minutes, fives of them from half an hour on, halves of hours from two on. */
function generous(ms: number): string {
  const minutes = ms / 60_000;
  const step = minutes > 120 ? 30 : minutes > 30 ? 5 : 1;
  return formatDuration(Math.ceil(minutes / step) * step * 60_000);
}

function short(value: number): string {
  return Number(value.toPrecision(2)) >= 100
    ? count(Math.round(value))
    : String(Number(value.toPrecision(2)));
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function usage(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
