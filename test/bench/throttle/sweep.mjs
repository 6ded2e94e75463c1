// @ts-check
/** The best fixed limit, found by trying: coarsely first, then around the winner, which is tried several times. */

const COARSE = [4, 8, 2, 16];

/**
 * @typedef {object} Sweep
 * @property {number} best
 * @property {number} seconds median of the best's
 * @property {{ limit: number, seconds: number[] }[]} tried by limit; Infinity for one that was too slow to see to its end
 */

/**
 * @param {(limit: number, capS: number) => Promise<number>} timeOf the seconds that a run takes; Infinity above the cap
 * @param {{ rounds: number, capS: number }} bounds
 * @returns {Promise<Sweep>}
 */
export async function sweepLimits(timeOf, { rounds, capS }) {
  /** @type {Map<number, number[]>} */
  const tried = new Map();
  const best = () => [...tried].sort(([, a], [, b]) => median(a) - median(b))[0]?.[0] ?? 1;

  /** @param {number} limit */
  async function attempt(limit) {
    const fastest = Math.min(...[...tried.values()].map(median));
    const seconds = await timeOf(limit, Math.min(capS, fastest * 1.5 + 1));
    tried.set(limit, [...(tried.get(limit) ?? []), seconds]);
  }
  /** @param {number} limit */
  const around = (limit) => [limit - 1, limit, limit + 1].filter((one) => one >= 1);

  for (const limit of COARSE) await attempt(limit);
  for (;;) {
    const next = around(best()).find((limit) => !tried.has(limit));
    if (next === undefined) break;
    await attempt(next);
  }
  for (let round = 1; round < rounds; round++) for (const limit of around(best())) await attempt(limit);
  return {
    best: best(),
    seconds: median(tried.get(best()) ?? []),
    tried: [...tried].sort(([a], [b]) => a - b).map(([limit, seconds]) => ({ limit, seconds })),
  };
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [Math.floor(middle), Math.ceil(middle)].map((at) => sorted[at]);
  return ((low ?? Number.POSITIVE_INFINITY) + (high ?? Number.POSITIVE_INFINITY)) / 2;
}
