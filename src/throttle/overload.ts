/**
 * When an answer means that the target has too much: at once when it says so (429, 503), and when pages fail or are
 * blocked noticeably more often than is usual for this target, so that one broken page is none. Each overload is told
 * once: attempts that began before it was acted upon say nothing new.
 */
import type { PageSample } from './page-sample.js';

export type Overload = 'refused' | 'failed' | 'blocked';

/** Of the last twenty or so attempts. */
const NOTICEABLE = { failed: 0.13, blocked: 0.09 } as const;
const TIMES_USUAL = 2.5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const SERVED_BETWEEN = 10;

export interface OverloadWatch {
  /** Epoch ms until when the target asked for quiet. */
  readonly pausedUntilMs: number;
  /** The overload that this attempt tells, if it tells one. */
  see(sample: PageSample, nowMs: number): Overload | undefined;
}

export function createOverloadWatch(): OverloadWatch {
  const shares = { failed: createShare(), blocked: createShare() };
  let actedAtMs = 0;
  let pausedUntilMs = 0;
  let refusedInARow = 0;
  let lastRefused: number | undefined;
  let servedSince = 0;

  const refused = (sample: PageSample, nowMs: number): boolean => {
    const brokenPage = sample.page === lastRefused && servedSince >= SERVED_BETWEEN;
    lastRefused = sample.page;
    servedSince = 0;
    if (sample.startedAtMs < actedAtMs) return false;
    if (!brokenPage) refusedInARow += 1;
    if (waitOf(sample) === undefined) {
      const pause = Math.min(
        LONGEST_PAUSE_MS,
        FIRST_PAUSE_MS * 2 ** Math.min(10, Math.max(0, refusedInARow - 1)),
      );
      pausedUntilMs = Math.max(pausedUntilMs, nowMs + pause);
    }
    return !brokenPage;
  };

  return {
    get pausedUntilMs() {
      return pausedUntilMs;
    },
    see(sample, nowMs) {
      const { answer } = sample;
      if (answer === 'unknown') return undefined;
      if (answer === 'served') {
        servedSince += 1;
        refusedInARow = 0;
      } else {
        const wait = waitOf(sample);
        if (wait !== undefined) pausedUntilMs = Math.max(pausedUntilMs, sample.endedAtMs + wait);
      }
      shares.failed.see(answer === 'failed', sample.page);
      shares.blocked.see(answer === 'blocked', sample.page);
      let told = false;
      if (answer === 'refused') told = refused(sample, nowMs);
      else if (answer !== 'served' && sample.startedAtMs >= actedAtMs) {
        told = shares[answer].isNoticeable(NOTICEABLE[answer]);
      }
      if (!told || answer === 'served') return undefined;
      actedAtMs = nowMs;
      return answer;
    },
  };
}

function waitOf({ retryAfterMs }: PageSample): number | undefined {
  return retryAfterMs !== undefined && Number.isFinite(retryAfterMs) && retryAfterMs >= 0
    ? retryAfterMs
    : undefined;
}

/** How often it happens lately (of about 20 attempts) and usually (of about 500), and to more than one page. */
function createShare() {
  let recent = 0;
  let usual = 0;
  let lastPage: number | undefined;
  let otherPage = false;
  return {
    see(happened: boolean, page: number): void {
      recent += ((happened ? 1 : 0) - recent) / 20;
      usual += ((happened ? 1 : 0) - usual) / 500;
      if (!happened) return;
      otherPage = lastPage !== undefined && lastPage !== page;
      lastPage = page;
    },
    isNoticeable: (least: number) => otherPage && recent >= Math.max(least, TIMES_USUAL * usual),
  };
}
