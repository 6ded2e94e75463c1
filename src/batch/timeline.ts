/**
 * How a batch went, a line every few seconds: for its charts, and for what it cost. Written by the process that runs it;
 * whoever takes it over goes on with it. Losing it costs pictures, never rows.
 */
import { appendFile, readFile } from 'node:fs/promises';
import type { WorkerStanding } from '../queue/worker-board.js';
import type { BatchSnapshot } from '../telemetry/snapshot.js';
import type { PageSample } from '../throttle/page-sample.js';

export interface Moment {
  /** Epoch ms. */
  at: number;
  state: string;
  /** Pages with an outcome. */
  settled: number;
  frontier: number;
  rows: number;
  dead: number;
  quarantined: number;
  retries: number;
  inFlight: number;
  limit: number;
  pagesPerSecond: number;
  /** ms that half of the attempts since the moment before, and 9 in 10, took at most; not there when none ended. */
  p50Ms?: number;
  p90Ms?: number;
  workers: number;
  /** Of all workers of its target, browsers included. */
  memoryMb: number;
  /** CPU time that the batch has taken so far, browsers included. */
  cpuSeconds: number;
}

export interface Timeline {
  /** Attempts that ended, on whichever worker. */
  took(samples: readonly PageSample[]): void;
  /** Takes in how the batch stands; kept every few seconds, and when its state changes. Never throws. */
  note(snapshot: BatchSnapshot, workers: readonly WorkerStanding[]): Promise<void>;
}

const EVERY_MS = 5_000;
/** A batch of a minute is to be seen, too. */
const FIRST_EVERY_MS = 1_000;
const FIRST_MS = 60_000;
const MOST_TIMES = 20_000;

export function createTimeline(
  file: string,
  { target, now = Date.now }: { target: string; now?: () => number },
): Timeline {
  const known = new Map<string, number>();
  let times: number[] = [];
  let cpuSeconds: number | undefined;
  let last: { state: string; atMs: number } | undefined;

  /** A worker that serves several targets is shared out by its pages in flight. */
  function spend(workers: readonly WorkerStanding[]): number {
    let spent = 0;
    for (const { worker, targets, inFlight, cpuSeconds: total } of workers) {
      const before = known.get(worker) ?? total;
      known.set(worker, total);
      const ours = targets[target];
      if (ours === undefined) continue;
      const share = inFlight > 0 ? ours.inFlight / inFlight : 1 / Object.keys(targets).length;
      spent += Math.max(0, total - before) * share;
    }
    return spent;
  }

  return {
    took(samples) {
      for (const { answer, startedAtMs, endedAtMs } of samples)
        if (answer !== 'unknown' && endedAtMs >= startedAtMs && times.length < MOST_TIMES)
          times.push(endedAtMs - startedAtMs);
    },
    async note(snapshot, workers) {
      cpuSeconds ??= await cpuSecondsOf(file);
      cpuSeconds += spend(workers);
      const nowMs = now();
      const everyMs = nowMs - Date.parse(snapshot.since) < FIRST_MS ? FIRST_EVERY_MS : EVERY_MS;
      if (last?.state === snapshot.state && nowMs - last.atMs < everyMs) return;
      last = { state: snapshot.state, atMs: nowMs };
      const moment = momentOf(snapshot, { at: nowMs, times, cpuSeconds, workers: ofTarget(workers, target) });
      times = [];
      await appendFile(file, `${JSON.stringify(moment)}\n`).catch(() => undefined);
    },
  };
}

/** In order, at most `most` of them, evenly spread; the last one is always there. What is torn is left out. */
export async function readTimeline(file: string, most: number): Promise<Moment[]> {
  const all = await readMoments(file);
  const step = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, at) => (all.length - 1 - at) % step === 0);
}

/** CPU time that the batch has taken, browsers included; 0 where it cannot be told. */
export async function cpuSecondsOf(file: string): Promise<number> {
  return (await readMoments(file)).at(-1)?.cpuSeconds ?? 0;
}

async function readMoments(file: string): Promise<Moment[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      const moment: unknown = JSON.parse(line);
      return isMoment(moment) ? [moment] : [];
    } catch {
      return [];
    }
  });
}

function isMoment(value: unknown): value is Moment {
  return typeof value === 'object' && value !== null && Number.isFinite((value as Moment).at);
}

function ofTarget(workers: readonly WorkerStanding[], target: string): WorkerStanding[] {
  return workers.filter(({ targets }) => targets[target] !== undefined);
}

function momentOf(
  { state, pages, rows, quarantined, retries, inFlight, limit, pagesPerSecond }: BatchSnapshot,
  seen: { at: number; times: readonly number[]; cpuSeconds: number; workers: readonly WorkerStanding[] },
): Moment {
  const times = seen.times.toSorted((a, b) => a - b);
  const below = (share: number): number => Math.round(times[Math.floor(times.length * share)] ?? 0);
  return {
    at: seen.at,
    state,
    settled: pages.frontier - pages.unfinished,
    frontier: pages.frontier,
    rows,
    dead: pages.dead,
    quarantined,
    retries,
    inFlight,
    limit,
    pagesPerSecond: Math.round(pagesPerSecond * 100) / 100,
    ...(times.length === 0 ? {} : { p50Ms: below(0.5), p90Ms: below(0.9) }),
    workers: seen.workers.length,
    memoryMb: seen.workers.reduce((sum, { memoryMb }) => sum + memoryMb, 0),
    cpuSeconds: Math.round(seen.cpuSeconds * 100) / 100,
  };
}
