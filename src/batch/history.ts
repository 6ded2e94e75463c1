/** What earlier batches of a target say of the next: read from their reports, and what the throttle has learned of it. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Destination } from '../delivery/contract.js';
import type { Effort, Manifest, Report } from '../delivery/manifest.js';
import type { PaceHistory } from '../throttle/pace.js';

/** One earlier batch. */
export interface EarlierNight {
  batch: string;
  startedAt: string;
  /** Pages in its frontier; undefined of a sample, which says nothing of how many there are. */
  pages: number | undefined;
  attemptsPerPage: number;
  /** Seconds outside of fetching. */
  otherSeconds: number;
  effort: Effort;
  /** The times behind it, encoded; undefined where only the manifest is at hand. */
  durations: string | undefined;
}

/** The target as the throttle knows it. */
export interface LearnedLimits {
  /** Pages in flight that it bears. */
  limit?: number;
  /** Starts of pages a second that it bears. */
  perSecond?: number;
}

/** Undefined when that batch measured nothing. `discovered`: pages that this batch's discovery found. */
export function paceHistoryOf({ pages, effort }: Manifest, discovered: number): PaceHistory | undefined {
  if (!isEffort(effort)) return undefined;
  return {
    pages: Math.round(discovered * Math.max(1, pages.frontier / effort.discovered)),
    pageMs: effort.meanMs,
    attemptsPerPage: attemptsPerPage({ pages, effort }),
  };
}

export interface NightsOptions {
  target: string;
  /** An absolute folder, or `s3://…`. */
  out: string;
  destination: Destination;
}

/** At most so many, the latest first. */
const NIGHTS = 7;

/**
 * Batches of the target that were measured, the latest first: in a folder by their reports, held ones too; in S3 by the
 * manifests of what is delivered.
 */
export async function readNights({ target, out, destination }: NightsOptions): Promise<EarlierNight[]> {
  const reports = out.startsWith('s3://')
    ? await destination.earlier(target, '9999-12-31', NIGHTS)
    : await readReports(path.join(out, target, '_runs'));
  return reports
    .flatMap((report) => nightOf(report) ?? [])
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
    .slice(0, NIGHTS);
}

/** Nothing where nothing was learned, or where it cannot be read. */
export async function readLearned(home: string, target: string): Promise<LearnedLimits> {
  const text = await readFile(path.join(home, 'targets', target, 'throttle.json'), 'utf8').catch(() => '');
  const { limit, perSecond } = parsed<Record<string, unknown>>(text) ?? {};
  return {
    ...(isPositive(limit) ? { limit } : {}),
    ...(isPositive(perSecond) ? { perSecond } : {}),
  };
}

async function readReports(runs: string): Promise<Partial<Report>[]> {
  // A batch's id ends with its date and a suffix: the latest dates are enough.
  const names = (await readdir(runs).catch(() => [])).sort(byDate).slice(0, 4 * NIGHTS);
  const reports = await Promise.all(
    names.map((name) => readFile(path.join(runs, name, 'report.json'), 'utf8').catch(() => '')),
  );
  return reports.flatMap((text) => parsed<Partial<Report>>(text) ?? []);
}

function byDate(a: string, b: string): number {
  return a.slice(-15) < b.slice(-15) ? 1 : -1;
}

function nightOf(report: Partial<Report>): EarlierNight | undefined {
  const { batch, pages, times, effort, limit, durations } = report;
  if (batch === undefined || pages === undefined || times === undefined || !isEffort(effort))
    return undefined;
  return {
    batch,
    startedAt: times.startedAt,
    pages: limit === undefined ? pages.frontier : undefined,
    attemptsPerPage: attemptsPerPage({ pages, effort }),
    otherSeconds: Math.max(0, times.seconds - (times.states.fetching ?? 0)),
    effort,
    durations,
  };
}

function attemptsPerPage({ pages, effort }: { pages: Manifest['pages']; effort: Effort }): number {
  return Math.max(1, effort.attempts / Math.max(1, pages.completed + pages.gone + pages.dead));
}

function isEffort(effort: Partial<Effort> | undefined): effort is Effort {
  const { discovered, attempts, meanMs } = effort ?? {};
  return isPositive(discovered) && isPositive(attempts) && isPositive(meanMs);
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function parsed<T>(text: string): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}
