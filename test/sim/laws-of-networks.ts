/** Laws of the field that come from congestion control: Netflix's concurrency-limits and TCP BBR, as rivals. */
import { type Law, limitOf } from './laws.js';

/** Gradient2 with its defaults (queue 4, smoothing 0.2, long window 600), from a limit of 4. */
export function gradient2Law(maximum = 64): Law {
  let limit = 4;
  let longMs = 0;
  let seen = 0;
  return {
    obeysRetryAfter: true,
    take(samples, { inFlight }) {
      for (const { documentMs, answer } of samples) {
        if (answer !== 'served' || documentMs === undefined) continue;
        seen += 1;
        longMs += (documentMs - longMs) * Math.max(2 / 601, 1 / seen);
        if (longMs > 2 * documentMs) longMs *= 0.9;
        if (inFlight < limit / 2) continue;
        const gradient = Math.max(0.5, Math.min(1, longMs / documentMs));
        limit = Math.min(maximum, Math.max(1, 0.8 * limit + 0.2 * (limit * gradient + 4)));
      }
      return limitOf(limit);
    },
  };
}

/** Vegas as Netflix wrote it: alpha 3 and beta 6 times the logarithm of the limit, from a limit of 4. */
export function vegasLaw(maximum = 64): Law {
  let limit = 4;
  let leastMs = 0;
  let sinceProbe = 0;
  return {
    obeysRetryAfter: true,
    take(samples, { inFlight }) {
      for (const { documentMs, answer } of samples) {
        const unit = Math.max(1, Math.floor(Math.log10(limit)));
        if (answer === 'refused') limit = Math.max(1, limit - unit);
        if (answer !== 'served' || documentMs === undefined) continue;
        sinceProbe += 1;
        if (leastMs === 0 || documentMs < leastMs || sinceProbe >= 0.75 * 30 * limit) {
          if (sinceProbe >= 0.75 * 30 * limit) sinceProbe = 0;
          leastMs = documentMs;
          continue;
        }
        if (inFlight * 2 < limit) continue;
        const queue = Math.ceil(limit * (1 - leastMs / documentMs));
        if (queue <= unit) limit += 6 * unit;
        else if (queue < 3 * unit) limit += unit;
        else if (queue > 6 * unit) limit -= unit;
        limit = Math.max(1, Math.min(maximum, limit));
      }
      return limitOf(limit);
    },
  };
}

/** BBR's model: the most pages a second of the last rounds times the least time of a page, with its gain cycle. */
export function bbrLaw(maximum = 64): Law {
  const gains = [1.25, 0.75, 1, 1, 1, 1, 1, 1];
  const rates: number[] = [];
  let leastMs = Number.POSITIVE_INFINITY;
  let leastAtMs = 0;
  let startup = true;
  let flat = 0;
  let best = 0;
  let round = 0;
  let limit = 2;
  let roundAtMs = 0;
  let servedInRound = 0;
  return {
    obeysRetryAfter: true,
    take(samples, { nowMs }) {
      if (roundAtMs === 0) roundAtMs = nowMs;
      for (const { startedAtMs, endedAtMs, answer } of samples) {
        if (answer !== 'served') continue;
        servedInRound += 1;
        const ms = endedAtMs - startedAtMs;
        if (ms <= leastMs || nowMs - leastAtMs > 10_000) {
          leastMs = ms;
          leastAtMs = nowMs;
        }
      }
      if (servedInRound === 0 || nowMs - roundAtMs < Math.max(200, leastMs)) return limitOf(limit);
      rates.push(servedInRound / (nowMs - roundAtMs));
      if (rates.length > 10) rates.shift();
      servedInRound = 0;
      roundAtMs = nowMs;
      round += 1;
      const rate = Math.max(...rates);
      if (startup) {
        flat = rate > 1.25 * best ? 0 : flat + 1;
        best = Math.max(best, rate);
        startup = flat < 3;
      }
      const gain = startup ? 2 : (gains[round % gains.length] ?? 1);
      limit = Math.min(maximum, Math.max(1, Math.round(gain * rate * leastMs)));
      return limitOf(limit);
    },
  };
}
