/** What a plan rests on: each assumption with its value, where that comes from, and what it would be on a bad night. */
import type { EarlierNight, LearnedLimits } from '../batch/history.js';
import { createDurations } from '../telemetry/durations.js';
import type { Assumptions, Otherwise } from '../throttle/plan.js';

export interface Assumption {
  name: string;
  value: number;
  unit: 'ms' | 'share' | 'pages' | 'perSecond';
  /** From earlier batches, or from what a person set; otherwise it is a guess. */
  measured: boolean;
  from: string;
  /** On a bad night: the worst that was seen, or what a guess may be wrong by. */
  worse: number;
}

export interface AssumptionsInput {
  /** The latest first. */
  nights: readonly EarlierNight[];
  pages: number;
  learned: LearnedLimits;
  throttle: { maxConcurrency: number; minDelayMs: number };
  /** As it was typed. */
  pagesPerWorker: number | undefined;
  /** Of a worker on a machine like this one. */
  defaultPerWorker: number;
}

/** A page of a single-page shop on a busy core, with some to spare. */
const GUESSED_PAGE_MS = 2_000;
const GUESSED_RETRIES = 0.02;
const NOT_MEASURED = 'nothing measured yet';
/** A bad night is worse by this at least, however even the earlier ones were. */
const UNEVEN = 1.25;

const NAMES = {
  page: 'page time',
  retries: 'retries',
  limit: 'the target bears',
  rate: 'starts it bears',
  worker: 'pages a worker',
  other: 'other steps',
} as const;

export function assumptionsOf(input: AssumptionsInput): Assumption[] {
  const { nights, pages, learned, throttle, pagesPerWorker, defaultPerWorker } = input;
  const rate = Math.min(
    learned.perSecond ?? Number.POSITIVE_INFINITY,
    throttle.minDelayMs > 0 ? 1_000 / throttle.minDelayMs : Number.POSITIVE_INFINITY,
  );
  const isLearned = learned.limit !== undefined && learned.limit < throttle.maxConcurrency;
  const limit = isLearned ? (learned.limit ?? 1) : throttle.maxConcurrency;
  return [
    pageTime(nights),
    retries(nights),
    {
      name: NAMES.limit,
      value: limit,
      unit: 'pages',
      measured: learned.limit !== undefined,
      from: isLearned ? 'learned' : 'throttle.maxConcurrency',
      worse: learned.limit === undefined ? limit / 2 : limit / UNEVEN,
    },
    ...(Number.isFinite(rate)
      ? [
          {
            name: NAMES.rate,
            value: rate,
            unit: 'perSecond' as const,
            measured: true,
            from: rate === learned.perSecond ? 'learned' : 'throttle.minDelayMs',
            worse: rate / UNEVEN,
          },
        ]
      : []),
    {
      name: NAMES.worker,
      value: pagesPerWorker ?? defaultPerWorker,
      unit: 'pages',
      measured: pagesPerWorker !== undefined,
      from: pagesPerWorker === undefined ? 'a machine like this' : '--concurrency',
      worse: (pagesPerWorker ?? defaultPerWorker) / (pagesPerWorker === undefined ? 2 : UNEVEN),
    },
    other(nights, pages),
  ];
}

/** As the planner takes them. */
export function valuesOf(
  assumptions: readonly Assumption[],
  changed: { name?: string; value?: number } = {},
): Assumptions {
  const find = (name: string): number | undefined =>
    changed.name === name ? changed.value : assumptions.find((one) => one.name === name)?.value;
  return {
    pageMs: find(NAMES.page) ?? GUESSED_PAGE_MS,
    attemptsPerPage: 1 + (find(NAMES.retries) ?? 0),
    limit: find(NAMES.limit) ?? 1,
    perSecond: find(NAMES.rate),
    pagesPerWorker: find(NAMES.worker) ?? 1,
    otherMs: find(NAMES.other) ?? 0,
  };
}

/** One assumption at a time turns out worse. */
export function worse(assumptions: readonly Assumption[]): (Otherwise & { value: number })[] {
  return assumptions.map(({ name, worse: value }) => ({
    name,
    value,
    assumptions: valuesOf(assumptions, { name, value }),
  }));
}

function pageTime(nights: readonly EarlierNight[]): Assumption {
  const durations = createDurations();
  for (const night of nights) durations.merge(night.durations);
  const [latest] = nights;
  if (latest === undefined) {
    return {
      name: NAMES.page,
      value: GUESSED_PAGE_MS,
      unit: 'ms',
      measured: false,
      from: NOT_MEASURED,
      worse: 3 * GUESSED_PAGE_MS,
    };
  }
  const means = nights.map(({ effort }) => effort.meanMs);
  const value = durations.count > 0 ? durations.mean() : mean(means);
  const measured = nights.reduce((sum, { effort }) => sum + effort.measured, 0);
  return {
    name: NAMES.page,
    value: Math.round(value),
    unit: 'ms',
    measured: true,
    from: `${batches(nights.length)}, ${measured.toLocaleString('en-US')} attempts`,
    worse: Math.round(Math.max(value * UNEVEN, ...means)),
  };
}

function retries(nights: readonly EarlierNight[]): Assumption {
  const shares = nights.map(({ attemptsPerPage }) => attemptsPerPage - 1);
  const isMeasured = shares.length > 0;
  const value = isMeasured ? mean(shares) : GUESSED_RETRIES;
  return {
    name: NAMES.retries,
    value,
    unit: 'share',
    measured: isMeasured,
    from: isMeasured ? batches(shares.length) : NOT_MEASURED,
    worse: isMeasured ? Math.max(value * UNEVEN, value + 0.02, ...shares) : 0.2,
  };
}

function other(nights: readonly EarlierNight[], pages: number): Assumption {
  const [latest] = nights;
  const before = latest?.pages ?? 0;
  const value =
    latest === undefined ? 0 : latest.otherSeconds * 1_000 * (before > 0 ? Math.max(1, pages / before) : 1);
  return {
    name: NAMES.other,
    value: Math.round(value),
    unit: 'ms',
    measured: latest !== undefined,
    from: latest === undefined ? 'not counted' : 'the last batch',
    worse: latest === undefined ? 5 * 60_000 : Math.round(value * 2),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function batches(number: number): string {
  return number === 1 ? '1 batch' : `${number} batches`;
}
