/**
 * What is measured while a batch fetches, by the one process that runs it: how long pages take over the whole farm,
 * what pace the window asks for, when it will be done, whether its SLA is at risk. Kept in the batch's folder every few
 * seconds, so that whoever takes the batch over goes on from there; losing it costs figures, never rows.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { PageCounts } from '../queue/page-ledger.js';
import { createDurations, type Durations } from '../telemetry/durations.js';
import { createProjection } from '../telemetry/projection.js';
import { dwellOf, helpFor, isTooEarly, nextRisk, type Risk } from '../telemetry/risk.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import { createPace, type Outlook, type PaceHistory, type PaceNeed } from '../throttle/pace.js';
import type { PageSample } from '../throttle/page-sample.js';
import type { OnBatchEvent } from './events.js';

export interface MeasuringOptions {
  batch: string;
  /** Where it is kept. */
  file: string;
  /** Epoch ms: the batch began. */
  startedAtMs: number;
  /** Undefined without an SLA. */
  windowMs: number | undefined;
  /** Whether the window holds the batch back. */
  paced: boolean;
  /** Pages that discovery found. */
  discovered: number;
  history: PaceHistory | undefined;
  /** Pages in flight at most. */
  maxConcurrency: number;
  onEvent: OnBatchEvent;
  /** Default `Date.now`. */
  now?: () => number;
}

export interface Look {
  /** Pages in the frontier. */
  frontier: number;
  counts: PageCounts;
  inFlight: number;
  limit: number;
  /** By a person, or because of drift. */
  paused: boolean;
}

export type Figures = Pick<
  BatchSnapshot,
  'etaMs' | 'margin' | 'paced' | 'outlook' | 'risk' | 'p50Ms' | 'p99Ms'
>;

export interface Measuring {
  /** What ended since the last call, on whichever worker. */
  take(samples: readonly PageSample[]): void;
  /** What the window asks for; nothing without one, or when the batch is not to be held back. */
  need(): PaceNeed;
  /** Takes the books in, and says what is to be shown; says `sla.at-risk` and `sla.recovered`. */
  look(look: Look): Promise<Figures>;
  /** Keeps what was measured. Never throws. */
  keep(): Promise<void>;
}

interface Kept {
  durations?: unknown;
  atRisk?: unknown;
}

const KEEP_EVERY_MS = 30_000;

export async function openMeasuring(options: MeasuringOptions): Promise<Measuring> {
  const { batch, file, windowMs, startedAtMs, discovered, maxConcurrency, now = Date.now } = options;
  const kept = await readKept(file);
  const durations = createDurations();
  durations.merge(kept.durations);
  const { history } = options;
  const pace =
    windowMs === undefined
      ? undefined
      : createPace({
          windowMs,
          startedAtMs,
          discovered,
          history: durations.count === 0 ? history : { ...history, pageMs: durations.mean() },
        });
  const projection = createProjection({ now, startedAtMs, windowMs });
  let risk: Risk = { atRisk: kept.atRisk === true };
  let keptAtMs = now();

  const outlook = (): Outlook | undefined => (options.paced ? pace?.outlook() : undefined);
  const need = (): PaceNeed => (options.paced ? (pace?.need(now()) ?? {}) : {});

  async function keep(): Promise<void> {
    keptAtMs = now();
    const measured: Kept = { durations: durations.encode(), atRisk: risk.atRisk };
    await writeFile(`${file}.tmp`, JSON.stringify(measured))
      .then(() => rename(`${file}.tmp`, file))
      .catch(() => undefined); // a full disk is met, and told, by what cannot do without it
  }

  /** Turns a change of the risk into an event; what would help, while there is a risk and something left to do. */
  function judge({ etaMs, margin }: { etaMs?: number; margin?: number }, look: Look): string | undefined {
    if (windowMs === undefined || etaMs === 0) return undefined;
    const { counts, inFlight, limit } = look;
    const fetched = counts.completed + counts.gone + counts.dead;
    const nowMs = now();
    const before = risk.atRisk;
    if (!look.paused && !isTooEarly(fetched, (nowMs - startedAtMs) / windowMs))
      risk = nextRisk(risk, { margin, nowMs, dwellMs: dwellOf(windowMs) });
    const retriesPerPage = counts.retries / Math.max(1, fetched);
    const help = risk.atRisk
      ? helpFor({ inFlight, limit, maximum: maxConcurrency, retriesPerPage })
      : undefined;
    if (risk.atRisk !== before && margin !== undefined && etaMs !== undefined) {
      const figures = { batch, margin: Math.round(margin * 1_000) / 1_000, etaMs: Math.round(etaMs) };
      options.onEvent(
        help === undefined
          ? { kind: 'sla.recovered', ...figures }
          : { kind: 'sla.at-risk', ...figures, help },
      );
    }
    return help;
  }

  return {
    need,
    keep,
    take(samples) {
      const ended = samples
        .filter(({ answer }) => answer !== 'unknown')
        .map(({ startedAtMs: from, endedAtMs: to }) => to - from)
        .filter((ms) => ms >= 0); // neither a clock that was set back, nor what is no number
      for (const ms of ended) durations.record(ms);
      pace?.took(ended);
    },
    async look(look) {
      const { frontier, counts } = look;
      const { completed, gone, skipped, dead, retries } = counts;
      const settled = completed + gone + skipped + dead;
      pace?.count({ found: frontier, settled, skipped, retries });
      const { perSecond } = need();
      const projected = projection.look({
        settled,
        left: pace?.left() ?? frontier - settled,
        attempts: settled - skipped + retries,
        paced:
          perSecond === undefined || pace === undefined ? undefined : { perSecond, endsAtMs: pace.endsAtMs },
        paused: look.paused,
      });
      const { isPaced, ...figures } = projected;
      const help = judge(figures, look);
      const ahead = outlook();
      if (now() - keptAtMs >= KEEP_EVERY_MS) await keep();
      return {
        ...figures,
        ...(isPaced ? { paced: true } : {}),
        ...(ahead === undefined ? {} : { outlook: ahead }),
        ...(help === undefined ? {} : { risk: help }),
        ...quantilesOf(durations),
      };
    },
  };
}

/** What an earlier or this process measured of a batch's pages; empty when nothing was. */
export async function readMeasured(file: string): Promise<Durations> {
  const durations = createDurations();
  durations.merge((await readKept(file)).durations);
  return durations;
}

export function quantilesOf(durations: Durations): { p50Ms?: number; p99Ms?: number } {
  return durations.count === 0 ? {} : { p50Ms: durations.quantile(0.5), p99Ms: durations.quantile(0.99) };
}

async function readKept(file: string): Promise<Kept> {
  try {
    const kept: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof kept === 'object' && kept !== null ? kept : {};
  } catch {
    return {}; // not there yet, or torn by a power cut
  }
}
