/**
 * How many workers a farm wants now. Pure; the formula is pace.ts's, so that the farm's size, the plan and the batch
 * agree. Of each target as many pages in flight as the least of three:
 *
 *   window   what the windows of its batches need together, each with its reserve; no bound as soon as one of them has no
 *            window, or cannot tell yet: it takes all that it gets
 *   target   what the target bears: its limit, and what the page starts that it bears keep busy; one worker's pages where
 *            nobody has found out yet
 *   pages    what is left: no page is rendered twice at once
 *
 * Divided by the pages that a worker takes at once, these add up to the workers; whole ones only in the end, as one worker
 * serves several targets. A batch that renders nothing (it waits to be begun, is paused, aggregates) is carried by any
 * worker beside the rest, so it only keeps the number from being nought; so does a night that is due.
 */
import { needOf, type Outlook, SLOT_SLACK } from './pace.js';

/** A batch that has not ended. */
export interface OpenBatch {
  /** Undefined: it renders no pages now. */
  fetching?: {
    /** Pages without an outcome. */
    left: number;
    /** Undefined: it takes all that the target bears. */
    outlook?: Outlook;
    /** Time of a page, ms, as far as anybody has measured it. */
    pageMs?: number;
  };
}

export interface TargetLoad {
  target: string;
  /** Jobs of its queue. */
  waiting: number;
  active: number;
  batches: readonly OpenBatch[];
  /** A night of it is due, and needs somebody to begin it. */
  isDue: boolean;
  /** Pages in flight that the target bears; undefined: nobody has found out. */
  bears?: number;
  /** Page starts a second that it bears; undefined: not bounded. */
  perSecond?: number;
  /** Pages at once of one worker. */
  slotsAWorker: number;
}

export interface TargetWant {
  target: string;
  waiting: number;
  active: number;
  /** Pages in flight that are of use now. */
  pagesAtOnce: number;
  slotsAWorker: number;
  /** Workers, if it were the only target. */
  need: number;
  /** What it follows from: `window`, `target`, `pages` (above); `carried`, `night`: somebody has to be there; `idle`. */
  why: 'window' | 'target' | 'pages' | 'carried' | 'night' | 'idle';
}

export interface WantedWorkers {
  workers: number;
  targets: TargetWant[];
}

export function wantedWorkers(loads: readonly TargetLoad[], nowMs: number): WantedWorkers {
  const targets = loads.map((load) => wantOf(load, nowMs));
  const together = targets.reduce(
    (sum, { pagesAtOnce, slotsAWorker }) => sum + pagesAtOnce / slotsAWorker,
    0,
  );
  const least = targets.some(({ need }) => need > 0) ? 1 : 0;
  return { workers: Math.max(least, wholeOf(together)), targets };
}

function wantOf(load: TargetLoad, nowMs: number): TargetWant {
  const { pages, why } = pagesOf(load, nowMs);
  const { target, waiting, active, slotsAWorker } = load;
  const need = why === 'idle' ? 0 : Math.max(1, wholeOf(pages / slotsAWorker));
  return { target, waiting, active, pagesAtOnce: pages, slotsAWorker, need, why };
}

function pagesOf(load: TargetLoad, nowMs: number): { pages: number; why: TargetWant['why'] } {
  const fetching = load.batches.flatMap((batch) => batch.fetching ?? []);
  if (fetching.length === 0) {
    const idle = load.isDue ? 'night' : 'idle';
    return { pages: 0, why: load.batches.length > 0 ? 'carried' : idle };
  }
  const bounds = [
    { why: 'pages' as const, most: sum(fetching.map(({ left }) => left)) },
    { why: 'window' as const, most: sum(fetching.map(({ outlook }) => slotsFor(outlook, nowMs))) },
    { why: 'target' as const, most: borne(load, fetching) },
  ];
  const { most, why } = bounds.reduce((least, bound) => (bound.most < least.most ? bound : least));
  return { pages: wholeOf(most), why };
}

function slotsFor(outlook: Outlook | undefined, nowMs: number): number {
  const { slots = Number.POSITIVE_INFINITY } = outlook === undefined ? {} : needOf(outlook, nowMs);
  return slots;
}

function borne(
  { bears, perSecond = Number.POSITIVE_INFINITY, slotsAWorker }: TargetLoad,
  fetching: readonly NonNullable<OpenBatch['fetching']>[],
): number {
  const pageMs = Math.max(0, ...fetching.map((one) => one.outlook?.pageMs ?? one.pageMs ?? 0));
  const busy = pageMs === 0 ? Number.POSITIVE_INFINITY : ((perSecond * pageMs) / 1_000) * SLOT_SLACK;
  return Math.min(bears ?? slotsAWorker, busy);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Up, but not for what a division leaves behind. */
function wholeOf(value: number): number {
  return Math.ceil(value - 1e-9);
}
