/** So many may be out at once; whoever comes later waits. Counted by giving and giving back alone. */
import genericPool from 'generic-pool';

export interface Slots {
  /** Returns how to give it back. Whoever stops still gets one, and has to give it back, but no longer counts as waiting. */
  take(stop: AbortSignal): Promise<() => Promise<void>>;
  out(): number;
  waiting(): number;
}

export function createSlots(max: number): Slots {
  const slots = genericPool.createPool<object>(
    { create: async () => ({}), destroy: async () => undefined },
    { max, min: 0 },
  );
  const waiting = new Set<AbortSignal>();
  return {
    async take(stop) {
      waiting.add(stop);
      stop.addEventListener('abort', () => waiting.delete(stop));
      const slot = await slots.acquire();
      waiting.delete(stop);
      return async () => slots.release(slot);
    },
    out: () => slots.borrowed,
    waiting: () => waiting.size,
  };
}
