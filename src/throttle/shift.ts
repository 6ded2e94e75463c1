/**
 * How much slower the target is now than unloaded, from the ratios of the pages of one round (log; 0: as ever).
 *
 * The round's octiles are compared with those of unloaded rounds and the median of the seven differences is taken: that
 * stands outliers, a cache that misses more than it did, and pages of one class that cost one or ten. How many
 * pages it takes to be sure follows from how much the ratios of unloaded rounds scatter.
 */
const ROUND_PAGES = 64;
const USUAL_PAGES = 64;
const MOST_NEEDED = 40;
const LEAST_NEEDED = 4;
const OCTILES = [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875] as const;
/** Normal distribution: from the 5 % to the 95 % quantile in standard deviations. */
const TAILS_SD = 3.29;
const LEAST_SPREAD = 0.03;

export interface Round {
  /** Epoch ms. */
  readonly beganAtMs: number;
  /** Pages seen since it began. */
  readonly pages: number;
  /** Most pages in flight at once, as far as it was looked at. */
  readonly peakInFlight: number;
  /** All pages lately but an odd one took at most so long: earlier a round has seen its quick pages only. */
  readonly slowPageMs: number;
  /** The target is far quicker than it was: how long pages took is no measure any more. */
  forgetSlowPages(): void;
  /** Mean of the pages' ratios (1: as ever) with its standard error: what a few very slow pages are seen by. */
  readonly wait: { mean: number; error: number };
  /** Mean time of a page from its start to its end, rendering included: pages a second follow from it (Little's law). */
  readonly pageMs: number | undefined;
  /** There is something to compare with. */
  readonly hasUsual: boolean;
  /** Its shift is worth something. */
  readonly isSure: boolean;
  /** Pages served meanwhile, those that began before among them. */
  readonly served: number;
  countServed(pageMs: number): void;
  add(page: { ratio: number; pageMs: number }): void;
  lookAt(inFlight: number): void;
  /** Begins anew; the pages so far are forgotten. */
  restart(nowMs: number): void;
  shift(): number;
  /** Standard error of `shift()`; of the median of a normal distribution. */
  error(): number;
  /** Pages that it takes to tell a shift of `least` from none. */
  needed(least: number): number;
  /** The baseline has moved by so much (log): the ratios are by the new one. */
  rebase(by: number): void;
  /** What the round showed, its shift taken out, is what is usual. */
  keepAsUsual(): void;
}

export function createRound(nowMs: number): Round {
  let beganAtMs = nowMs;
  const usual = createRing(USUAL_PAGES);
  let current = createRing(ROUND_PAGES);
  let pages = 0;
  let peakInFlight = 0;
  let totalMs = 0;
  let served = 0;
  let sum = 0;
  let squares = 0;
  let lately = createRing(USUAL_PAGES);

  const spread = () => {
    const [low, high] =
      usual.size >= LEAST_NEEDED ? usual.quantiles([0.05, 0.95]) : current.quantiles([0.05, 0.95]);
    return Math.max(LEAST_SPREAD, ((high ?? 0) - (low ?? 0)) / TAILS_SD);
  };
  const shift = () => {
    if (current.size === 0) return 0;
    const now = current.quantiles(OCTILES);
    const before = usual.size >= LEAST_NEEDED ? usual.quantiles(OCTILES) : OCTILES.map(() => 0);
    const differences = now.map((quantile, i) => quantile - (before[i] ?? 0)).sort((a, b) => a - b);
    return differences[3] ?? 0;
  };

  return {
    get beganAtMs() {
      return beganAtMs;
    },
    get pages() {
      return pages;
    },
    get peakInFlight() {
      return peakInFlight;
    },
    get slowPageMs() {
      return lately.quantiles([0.97])[0] ?? 0;
    },
    forgetSlowPages() {
      lately = createRing(USUAL_PAGES);
    },
    get wait() {
      const mean = sum / Math.max(1, pages);
      const variance = Math.max(0, squares / Math.max(1, pages) - mean ** 2);
      return { mean, error: Math.sqrt(variance / Math.max(1, pages - 1)) };
    },
    get pageMs() {
      return totalMs > 0 ? totalMs / pages : undefined;
    },
    get hasUsual() {
      return usual.size >= LEAST_NEEDED;
    },
    get isSure() {
      return pages >= LEAST_NEEDED;
    },
    get served() {
      return served;
    },
    countServed(pageMs) {
      served += 1;
      lately.add(pageMs);
    },
    add({ ratio, pageMs }) {
      pages += 1;
      totalMs += pageMs;
      sum += Math.exp(ratio);
      squares += Math.exp(2 * ratio);
      current.add(ratio);
    },
    lookAt(inFlight) {
      peakInFlight = Math.max(peakInFlight, inFlight);
    },
    restart(nowMs) {
      beganAtMs = nowMs;
      pages = 0;
      peakInFlight = 0;
      totalMs = 0;
      served = 0;
      sum = 0;
      squares = 0;
      current = createRing(ROUND_PAGES);
    },
    shift,
    error: () => (1.25 * spread()) / Math.sqrt(Math.max(1, current.size)),
    needed: (least) =>
      Math.min(MOST_NEEDED, Math.max(LEAST_NEEDED, Math.ceil(((2.5 * spread()) / least) ** 2))),
    rebase(by) {
      current.subtract(by);
      sum *= Math.exp(-by);
      squares *= Math.exp(-2 * by);
    },
    keepAsUsual() {
      const by = usual.size >= LEAST_NEEDED ? shift() : 0;
      for (const ratio of current.values()) usual.add(ratio - by);
    },
  };
}

interface Ring {
  readonly size: number;
  add(value: number): void;
  subtract(by: number): void;
  values(): readonly number[];
  quantiles(of: readonly number[]): number[];
}

function createRing(capacity: number): Ring {
  const held: number[] = [];
  let next = 0;
  let sorted: readonly number[] | undefined;
  return {
    get size() {
      return held.length;
    },
    add(value) {
      held[next] = value;
      next = (next + 1) % capacity;
      sorted = undefined;
    },
    subtract(by) {
      held.forEach((value, i) => {
        held[i] = value - by;
      });
      sorted = undefined;
    },
    values: () => held,
    quantiles(of) {
      const inOrder = sorted ?? [...held].sort((a, b) => a - b);
      sorted = inOrder;
      return of.map((share) => inOrder[Math.floor(share * (inOrder.length - 1))] ?? 0);
    },
  };
}
