/**
 * The memory that all processes of a browser may use together. Over it the browser is to be *retired*: it takes no new
 * page, its pages end, its memory comes back with it. One and a half times as much is a *runaway*, and is killed.
 *
 * The sum that the memory watch has at hand is a little too large, and is good for saying that all is well. Before
 * anything is done the kernel's exact account is asked for, which costs a hundred times as much: at once when it looks
 * like a runaway, else every few seconds.
 */
export interface BrowserBudget {
  /** True when the exact account is wanted, by the cheap sum. */
  wantsExact(sumMb: number, nowMs: number): boolean;
  judge(exactMb: number): 'fine' | 'over' | 'runaway';
}

const RUNAWAY = 1.5;
const EXACT_EVERY_MS = 5_000;

/** `maxMb` 0: no budget. */
export function createBrowserBudget(maxMb: number): BrowserBudget {
  const budgetMb = maxMb === 0 ? Number.POSITIVE_INFINITY : maxMb;
  let exactAtMs = Number.NEGATIVE_INFINITY;
  return {
    wantsExact(sumMb, nowMs) {
      if (sumMb <= budgetMb) return false;
      if (sumMb <= budgetMb * RUNAWAY && nowMs - exactAtMs < EXACT_EVERY_MS) return false;
      exactAtMs = nowMs;
      return true;
    },
    judge(exactMb) {
      if (exactMb <= budgetMb) return 'fine';
      return exactMb <= budgetMb * RUNAWAY ? 'over' : 'runaway';
    },
  };
}
