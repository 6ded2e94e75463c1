/** How long a 429 or 503 asks us to wait. */

/** Asked to wait longer than this, we treat the answer as saying nothing. */
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
const DEFAULT_OVERLOAD_MS = 10_000;
/** Also for `Retry-After: 0`, which would have us ask without a pause. */
const LEAST_MS = 1_000;

/** Milliseconds of a Retry-After header, seconds or a date; undefined for none or nonsense. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const afterMs = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(afterMs) && afterMs <= MAX_RETRY_AFTER_MS ? Math.max(0, afterMs) : undefined;
}

/** What of that wait is left when the answer came at `answeredAtMs`: at least 1 s, 10 s in all where it names none. */
export function overloadWaitMs(
  header: string | undefined,
  { answeredAtMs, nowMs }: { answeredAtMs: number; nowMs: number },
): number {
  const askedMs = retryAfterMs(header, answeredAtMs) ?? DEFAULT_OVERLOAD_MS;
  return Math.max(LEAST_MS, answeredAtMs + askedMs - nowMs);
}
