/**
 * Whether the target is down. `closed`: it answers. Five pages in a row without an answer, and none served between,
 * open it. `open`: one page at a time is let through as a probe, after a gap that doubles with every probe that fails;
 * the first page that is served closes it. Attempts that began before it opened say nothing about it any more.
 */
const PAGES_IN_A_ROW = 5;
const FIRST_GAP_MS = 2_000;
const LONGEST_GAP_MS = 30_000;

export interface Circuit {
  readonly open: boolean;
  /** Epoch ms of the next probe; 0 while closed. */
  readonly probeAtMs: number;
  /** Between two probes. */
  readonly gapMs: number;
  served(startedAtMs: number): void;
  /** No answer of the target to this page. */
  silent(attempt: { page: number; startedAtMs: number }, nowMs: number): void;
}

export function createCircuit(): Circuit {
  let inARow = new Set<number>();
  let openedAtMs: number | undefined;
  let failedProbes = 0;
  let probeAtMs = 0;
  let gapMs = FIRST_GAP_MS;

  const probeLater = (nowMs: number) => {
    gapMs = Math.min(LONGEST_GAP_MS, FIRST_GAP_MS * 2 ** Math.min(failedProbes, 10)) * spreadOf(failedProbes);
    probeAtMs = nowMs + gapMs;
  };

  return {
    get open() {
      return openedAtMs !== undefined;
    },
    get probeAtMs() {
      return openedAtMs === undefined ? 0 : probeAtMs;
    },
    get gapMs() {
      return gapMs;
    },
    served(startedAtMs) {
      if (openedAtMs !== undefined && startedAtMs < openedAtMs) return;
      inARow = new Set();
      openedAtMs = undefined;
    },
    silent({ page, startedAtMs }, nowMs) {
      if (openedAtMs === undefined) {
        inARow.add(page);
        if (inARow.size < PAGES_IN_A_ROW) return;
        openedAtMs = nowMs;
        failedProbes = 0;
        probeLater(nowMs);
      } else if (startedAtMs >= probeAtMs) {
        failedProbes += 1;
        probeLater(nowMs);
      }
    },
  };
}

/** 0.9 to 1.1, the same for the same probe: farms that saw a target fall together do not knock together for ever. */
function spreadOf(probe: number): number {
  return 0.9 + 0.2 * ((probe * 0.618 + 0.31) % 1);
}
