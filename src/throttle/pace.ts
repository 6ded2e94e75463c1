/**
 * No faster than needed. From what is left of a batch and what is left of its window follows how many pages must be in
 * flight, and how many must be started a second; whoever applies it takes the lower of this and what the target bears.
 * Pure: counts, durations and the clock in, a need out.
 *
 * It aims at the window's end less a reserve. As soon as that moment has passed, or what is left cannot be told, nothing
 * is held back. Since each answer is worked out anew from what is left, whoever falls behind (a pause, a slow hour) is
 * asked for more, and whoever is ahead for less: there is no state that could swing.
 *
 *   left    pages without an outcome, and those that are expected to be followed yet
 *   C       (left x attempts a page / time left) / pages a second of one slot
 */

/** The share of the window that is kept in reserve. */
export const TARGET_MARGIN = 0.3;

/** Pages that are fetched as fast as the target bears when there is no history to go by. */
const WARM_UP = 20;
/** A slot is also leased, reset, and waits until its rows are durable: no duration of a page shows that. */
export const SLOT_SLACK = 1.25;
/** Durations that the mean remembers: an hour in which the target is slower must show. */
const MEMORY = 100;
/** More pages followed than this for each page settled: how many there will be cannot be told. */
const MOST_GROWTH = 0.5;
/** A frontier that outgrew what history foretold by this is a frontier without history. */
const HISTORY_HOLDS = 1.1;

/** What is not there is not bounded: all that the target bears. */
export interface PaceNeed {
  /** Pages in flight, over the whole farm; a fraction when one would be too fast already. */
  slots?: number;
  /** Starts of pages a second, over the whole farm. */
  perSecond?: number;
}

/** `attempts` in `timeLeftMs`, each of `pageMs` (undefined: not known yet) in its slot. */
export function needed({
  attempts,
  timeLeftMs,
  pageMs,
}: {
  attempts: number;
  timeLeftMs: number;
  pageMs: number | undefined;
}): PaceNeed {
  if (timeLeftMs <= 0 || attempts <= 0) return {};
  const perSecond = attempts / (timeLeftMs / 1_000);
  if (pageMs === undefined) return { perSecond };
  const perSecondPerSlot = 1_000 / Math.max(1, pageMs);
  return { perSecond, slots: perSecond / perSecondPerSlot };
}

/** What an earlier batch of the target, or an earlier life of this one, says. */
export interface PaceHistory {
  /** Pages that the frontier will have in the end. */
  pages?: number;
  pageMs?: number;
  attemptsPerPage?: number;
}

/** What is left to be done of a batch, and until when: what it needs follows from it at any later moment. */
export interface Outlook {
  /** Attempts at pages, retries and pages to be followed included. */
  attempts: number;
  /** Mean time that each holds its slot; undefined: not known yet. */
  pageMs?: number;
  /** Epoch ms by which it aims to be done. */
  endsAtMs: number;
}

/** As of `nowMs`; when the time is over, nothing is bounded. */
export function needOf({ attempts, pageMs, endsAtMs }: Outlook, nowMs: number): PaceNeed {
  const { perSecond, slots } = needed({ attempts, timeLeftMs: endsAtMs - nowMs, pageMs });
  return {
    ...(perSecond === undefined ? {} : { perSecond: rounded(perSecond) }),
    ...(slots === undefined ? {} : { slots: rounded(slots * SLOT_SLACK) }),
  };
}

export interface PaceOptions {
  windowMs: number;
  /** Epoch ms: the batch began, its discovery included. */
  startedAtMs: number;
  /** Pages that discovery found; what the frontier has beyond them was followed. */
  discovered: number;
  history?: PaceHistory | undefined;
}

export interface PaceCounts {
  /** Pages in the frontier. */
  found: number;
  /** Pages with an outcome, whichever. */
  settled: number;
  /** Those of them that were never fetched. */
  skipped: number;
  retries: number;
}

export interface Pace {
  /** The books as they stand. */
  count(counts: PaceCounts): void;
  /** Attempts at pages that ended: how long each held its slot, ms. */
  took(durationsMs: readonly number[]): void;
  need(nowMs: number): PaceNeed;
  /** Undefined when it cannot be told: nothing is held back. */
  outlook(): Outlook | undefined;
  /** Pages expected to be left, those to be followed included; undefined when it cannot be told. */
  left(): number | undefined;
  /** Epoch ms by which it aims to be done. */
  readonly endsAtMs: number;
}

export function createPace({ windowMs, startedAtMs, discovered, history = {} }: PaceOptions): Pace {
  const endsAtMs = startedAtMs + windowMs * (1 - TARGET_MARGIN);
  let counts: PaceCounts = { found: discovered, settled: 0, skipped: 0, retries: 0 };
  let weight = history.pageMs === undefined ? 0 : WARM_UP;
  let sumMs = weight * (history.pageMs ?? 0);

  const fetched = (): number => counts.settled - counts.skipped;

  function left(): number | undefined {
    const { found, settled } = counts;
    const foretold = history.pages ?? 0;
    if (foretold > 0 && found <= foretold * HISTORY_HOLDS) return Math.max(found, foretold) - settled;
    const growth = Math.max(0, found - discovered) / Math.max(1, settled);
    return growth > MOST_GROWTH ? undefined : (found - settled) / (1 - growth);
  }

  /** What history says counts as much as the first pages do. */
  function attemptsPerPage(): number {
    const before = WARM_UP * (history.attemptsPerPage ?? 1);
    return (before + fetched() + counts.retries) / (WARM_UP + fetched());
  }

  function outlook(): Outlook | undefined {
    const pages = left();
    if (pages === undefined || (history.pages === undefined && fetched() < WARM_UP)) return undefined;
    return {
      attempts: pages * attemptsPerPage(),
      ...(weight === 0 ? {} : { pageMs: sumMs / weight }),
      endsAtMs,
    };
  }

  return {
    endsAtMs,
    left,
    count(now) {
      counts = now;
    },
    took(durationsMs) {
      for (const ms of durationsMs) {
        sumMs = sumMs * (1 - 1 / MEMORY) + ms;
        weight = weight * (1 - 1 / MEMORY) + 1;
      }
    },
    outlook,
    need(nowMs) {
      const now = outlook();
      return now === undefined ? {} : needOf(now, nowMs);
    },
  };
}

/** Not every look is a new answer: what changes by less than a hundredth need not be applied. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
