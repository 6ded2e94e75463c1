/**
 * What is known of a target from other nights: plain JSON in the target's profile. What is not as it should be is as
 * if it had never been written.
 */
export interface LearnedThrottle {
  version: 1;
  /** Epoch ms. */
  atMs: number;
  /** Pages in flight that were borne. */
  limit: number;
  /** Page starts a second above which the site refuses. */
  perSecond?: number | undefined;
  /** Pages a second that were served at that limit. */
  pagesPerSecond: number;
  /** Unloaded ms by class of request, by hour of the day (UTC, "0" to "23"). */
  hours: Record<string, Record<string, number>>;
}

const MAX_CLASSES = 128;
const MAX_NAME = 200;

/** Undefined for whatever is not a record of this version. */
export function readLearned(value: unknown): LearnedThrottle | undefined {
  if (!isRecord(value) || value.version !== 1) return undefined;
  const { atMs, limit, perSecond, pagesPerSecond, hours } = value;
  if (!isPositive(atMs) || !isPositive(limit)) return undefined;
  const read: LearnedThrottle = {
    version: 1,
    atMs,
    limit: Math.max(1, Math.floor(limit)),
    pagesPerSecond: isPositive(pagesPerSecond) ? pagesPerSecond : 0,
    hours: {},
  };
  if (isPositive(perSecond)) read.perSecond = perSecond;
  for (let hour = 0; hour < 24; hour += 1) {
    const costs = isRecord(hours) ? hours[String(hour)] : undefined;
    if (isRecord(costs)) read.hours[String(hour)] = readCosts(costs);
  }
  return read;
}

/** Unloaded ms by class at that hour; what was not seen then is taken from the nearest hour. */
export function costsAt(learned: LearnedThrottle | undefined, nowMs: number): Record<string, number> {
  const costs: Record<string, number> = {};
  const now = new Date(nowMs).getUTCHours();
  for (let away = 0; away <= 12; away += 1) {
    for (const hour of [(now + 24 - away) % 24, (now + away) % 24]) {
      for (const [name, ms] of Object.entries(learned?.hours[String(hour)] ?? {})) costs[name] ??= ms;
    }
  }
  return costs;
}

function readCosts(value: Record<string, unknown>): Record<string, number> {
  const costs: Record<string, number> = {};
  for (const [name, ms] of Object.entries(value).slice(0, MAX_CLASSES)) {
    if (
      name.length <= MAX_NAME &&
      name !== '__proto__' &&
      typeof ms === 'number' &&
      ms >= 0 &&
      ms < 3_600_000
    ) {
      costs[name] = ms;
    }
  }
  return costs;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
