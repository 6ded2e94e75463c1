/** In the throttle's place for pages that are read from what was kept of them: no target bears them, so nothing holds them back. */
import type { Queue } from 'bullmq';
import type { StartGate } from '../page/start-gate.js';
import { createLimitedQueue } from '../queue/limited-queue.js';
import type { Governed, Throttling } from './throttling.js';

/** Over the whole farm; its slots bound them. */
const MOST = 1_000;

export function createUnthrottled({
  queue,
  gate,
  concurrency = MOST,
}: {
  queue: Queue;
  gate: StartGate;
  concurrency?: number | undefined;
}): Throttling {
  const limited = createLimitedQueue(queue);
  const governed: Governed = {
    limit: concurrency,
    bearable: concurrency,
    why: 'maximum',
    paceLimit: undefined,
    perSecond: undefined,
    spacedBy: undefined,
    circuit: 'closed',
    pausedUntilMs: 0,
    quietUntilMs: 0,
  };
  return {
    async tick(now) {
      gate.govern({ limit: Number.POSITIVE_INFINITY, ahead: 0 });
      await limited.apply({ ...governed, minGapMs: 0 }, now);
      return governed;
    },
    close: async () => undefined,
  };
}
