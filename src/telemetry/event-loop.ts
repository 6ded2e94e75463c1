/** How late the event loop of this process is. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface EventLoopWatch {
  /** p99 of the lateness since the last call, ms; `everyMs`: when this call was due after the last one. */
  lagMs(everyMs: number): number;
  close(): void;
}

/** Each beat wakes a process that has nothing to do: at 20 ms that alone would be three thousandths of a CPU. */
const BEAT_MS = 50;

export function watchEventLoop(now: () => number = () => performance.now()): EventLoopWatch {
  const delays = monitorEventLoopDelay({ resolution: BEAT_MS });
  delays.enable();
  let lastAt = now();
  return {
    lagMs(everyMs) {
      const at = now();
      // A reset makes the monitor miss its next beat: what stood still right then shows in how late this call is.
      const lateness = at - lastAt - everyMs;
      lastAt = at;
      const p99 = delays.count === 0 ? 0 : delays.percentile(99) / 1e6 - BEAT_MS;
      delays.reset();
      return Math.max(0, p99, lateness);
    },
    close() {
      delays.disable();
    },
  };
}
