// @ts-check
/** What a target's log says of a client: figures of the whole run, and how it went over time. Pure. */

/** @typedef {import('./target.mjs').Served} Served */

/**
 * @typedef {object} Figures
 * @property {number} pages served, each counted once
 * @property {number} seconds from the first request to the last page served
 * @property {number} asked requests
 * @property {number} refused requests answered with 429
 * @property {number} refusedShare
 * @property {number} peak most requests at once that were asked for
 * @property {number} mean requests in flight, over time
 * @property {number} p50Ms response time
 * @property {number} p95Ms
 */

/**
 * @param {readonly Served[]} log
 * @returns {Figures}
 */
export function figuresOf(log) {
  const answered = log.filter(({ status }) => status === 200);
  const times = answered.map(({ ms }) => ms).sort((a, b) => a - b);
  const from = startOf(log);
  const until = Math.max(from, ...answered.filter(({ whole }) => whole).map(({ atMs, ms }) => atMs + ms));
  const refused = log.filter(({ status }) => status === 429).length;
  const busyMs = times.reduce((sum, ms) => sum + ms, 0);
  return {
    pages: new Set(answered.filter(({ whole }) => whole).map(({ page }) => page)).size,
    seconds: (until - from) / 1_000,
    asked: log.length,
    refused,
    refusedShare: log.length === 0 ? 0 : refused / log.length,
    peak: Math.max(0, ...log.map(({ load }) => load)),
    mean: busyMs / Math.max(1, until - from),
    p50Ms: times[Math.floor(times.length * 0.5)] ?? 0,
    p95Ms: times[Math.floor(times.length * 0.95)] ?? 0,
  };
}

/** @param {readonly Served[]} log */
export function startOf(log) {
  return log.reduce((first, { atMs }) => Math.min(first, atMs), Number.MAX_SAFE_INTEGER);
}

/**
 * A stretch of time, seconds from the first request on.
 * @typedef {{ at: number, inFlight: number, responseMs: number | null, served: number, refused: number }} Stretch
 */

/**
 * `inFlight` is the mean over the stretch, `responseMs` that of the answers that ended in it (null for none).
 * @param {readonly Served[]} log
 * @param {{ stretchMs: number, fromMs?: number, untilMs?: number }} span
 * @returns {Stretch[]}
 */
export function stretchesOf(log, { stretchMs, fromMs = startOf(log), untilMs }) {
  const endMs = untilMs ?? log.reduce((last, { atMs, ms }) => Math.max(last, atMs + ms), fromMs);
  const count = Math.max(1, Math.ceil((endMs - fromMs) / stretchMs));
  const sums = Array.from({ length: count }, () => ({
    busyMs: 0,
    answerMs: 0,
    answers: 0,
    served: 0,
    refused: 0,
  }));
  for (const { atMs, ms, status, whole } of log) {
    const last = sums[Math.floor((atMs + ms - fromMs) / stretchMs)];
    if (status === 429) {
      if (last !== undefined) last.refused += 1;
      continue;
    }
    const [first, end] = [atMs, atMs + ms].map((at) => Math.floor((at - fromMs) / stretchMs));
    for (let index = Math.max(0, first ?? 0); index <= Math.min(end ?? 0, count - 1); index++) {
      const begins = fromMs + index * stretchMs;
      const sum = sums[index];
      if (sum !== undefined)
        sum.busyMs += Math.max(0, Math.min(atMs + ms, begins + stretchMs) - Math.max(atMs, begins));
    }
    if (status !== 200 || last === undefined) continue;
    last.answers += 1;
    last.answerMs += ms;
    if (whole) last.served += 1;
  }
  return sums.map(({ busyMs, answerMs, answers, served, refused }, index) => ({
    at: (index * stretchMs) / 1_000,
    inFlight: busyMs / stretchMs,
    responseMs: answers === 0 ? null : answerMs / answers,
    served,
    refused,
  }));
}
