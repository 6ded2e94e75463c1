/** Events a second, and how long ago they were: an average that forgets with a time constant of a few seconds. */
const FORGET_MS = 5_000;
const BUCKET_MS = 250;
const BUCKETS = 40;

export interface Meter {
  count(events: number, nowMs: number): void;
  /** Events a second lately. */
  perSecond(nowMs: number): number;
  /** Events a second over the last `overMs` (1 to 10 s). */
  perSecondOver(overMs: number, nowMs: number): number;
}

export function createMeter(startMs: number): Meter {
  let rate = 0;
  let countedAtMs = startMs;
  let pending = 0;
  const buckets: { index: number; events: number }[] = [];

  const settle = (nowMs: number) => {
    const passedMs = nowMs - countedAtMs;
    if (passedMs <= 0) return;
    const keep = Math.exp(-passedMs / FORGET_MS);
    rate = rate * keep + (1 - keep) * ((pending * 1000) / passedMs);
    pending = 0;
    countedAtMs = nowMs;
  };

  return {
    count(events, nowMs) {
      pending += events;
      settle(nowMs);
      const index = Math.floor(nowMs / BUCKET_MS);
      const slot = ((index % BUCKETS) + BUCKETS) % BUCKETS;
      const bucket = buckets[slot];
      if (bucket?.index === index) bucket.events += events;
      else buckets[slot] = { index, events };
    },
    perSecond(nowMs) {
      settle(nowMs);
      // A meter that has only begun has forgotten nothing: the average is of what was.
      const known = 1 - Math.exp(-Math.max(1_000, nowMs - startMs) / FORGET_MS);
      return rate / known;
    },
    perSecondOver(overMs, nowMs) {
      const over = Math.min(Math.max(overMs, 1_000), BUCKETS * BUCKET_MS);
      const since = Math.floor((nowMs - over) / BUCKET_MS);
      let events = 0;
      for (const bucket of buckets) if (bucket !== undefined && bucket.index > since) events += bucket.events;
      return (events * 1000) / over;
    },
  };
}
