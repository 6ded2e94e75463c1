/** Milliseconds since any fixed moment; tests pass their own. */
export type Clock = () => number;

export interface Rate {
  /** `count` pages (default 1) have just been settled. */
  add(count?: number): void;
  /** Pages a second over the window, or over the time since the start while that is shorter. */
  perSecond(): number;
}

const SLOTS = 30;

/**
 * Measures over a sliding window (default 30 s), kept as 30 counts whatever the rate: a million pages cost what ten do.
 */
export function createRate(now: Clock, windowMs = 30_000): Rate {
  const slotMs = windowMs / SLOTS;
  const startedAt = now();
  const counts = new Array<number>(SLOTS).fill(0);
  let newest = 0; // number of the slot that is being filled, counted from the start

  const moveTo = (time: number): void => {
    const slot = Math.floor((time - startedAt) / slotMs);
    for (let next = Math.max(newest + 1, slot - SLOTS + 1); next <= slot; next++) counts[next % SLOTS] = 0;
    newest = Math.max(newest, slot);
  };

  const perSecond = (): number => {
    const time = now();
    moveTo(time);
    // The slot being filled is only partly over: count the time that the kept slots really cover.
    const coveredFrom = Math.max(0, newest - SLOTS + 1) * slotMs;
    const coveredMs = Math.max(time - startedAt - coveredFrom, 1_000);
    return (counts.reduce((sum, count) => sum + count, 0) * 1_000) / coveredMs;
  };

  return {
    add(count = 1) {
      moveTo(now());
      counts[newest % SLOTS] = (counts[newest % SLOTS] ?? 0) + count;
    },
    perSecond,
  };
}
