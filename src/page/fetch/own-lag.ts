/**
 * How late this process comes to what has happened: its event loop was busy with something else. What is measured in it
 * of a target is by so much too long, and would be laid to the target.
 */
export interface OwnLag {
  /** Keeps it measured for the next while. */
  watch(): void;
  /** Lately, on average, ms. */
  ms(): number;
}

const PROBE_MS = 10;
/** Probes after a `watch`. */
const PROBES = 50;
/** Weight of the last probe: what was ten of them ago says next to nothing. */
const WEIGHT = 0.2;
/** A timer is up to so much late by itself. */
const TIMER_MS = 1;

export function createOwnLag(): OwnLag {
  let lag = 0;
  let left = 0;
  let isArmed = false;

  function arm(): void {
    isArmed = left > 0;
    if (!isArmed) return;
    left -= 1;
    const dueAt = performance.now() + PROBE_MS;
    setTimeout(() => {
      lag += (Math.max(0, performance.now() - dueAt - TIMER_MS) - lag) * WEIGHT;
      arm();
    }, PROBE_MS).unref();
  }

  return {
    watch() {
      left = PROBES;
      if (!isArmed) arm();
    },
    ms: () => lag,
  };
}
