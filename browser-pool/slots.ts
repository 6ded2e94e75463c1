/** So many may be out at once; whoever comes later waits. Counted by giving and giving back alone. */
import genericPool from 'generic-pool';

export interface Slots {
  /** Returns how to give it back. Whoever stops still gets one, and has to give it back, but no longer counts as waiting. */
  take(stop: AbortSignal): Promise<() => Promise<void>>;
  out(): number;
  waiting(): number;
  /** So many from now on, up to the first number. Who has one keeps it; fewer than are out means that the next ones to come back stay. */
  resize(max: number): void;
}

const BEFORE_ALL = 0;
const IN_TURN = 1;

export function createSlots(max: number): Slots {
  const slots = genericPool.createPool<object>(
    { create: async () => ({}), destroy: async () => undefined },
    { max, min: 0, priorityRange: 2 },
  );
  const waiting = new Set<AbortSignal>();
  /** Taken, or about to be, by nobody but ourselves: what is missing to `max`. */
  const withheld: Promise<object>[] = [];
  let out = 0;

  return {
    async take(stop) {
      waiting.add(stop);
      stop.addEventListener('abort', () => waiting.delete(stop));
      const slot = await slots.acquire(IN_TURN);
      waiting.delete(stop);
      out += 1;
      return async () => {
        out -= 1;
        await slots.release(slot);
      };
    },
    out: () => out,
    waiting: () => waiting.size,
    resize(to) {
      while (max - withheld.length > to) withheld.push(slots.acquire(BEFORE_ALL));
      while (max - withheld.length < to && withheld.length > 0)
        void withheld.pop()?.then((slot) => slots.release(slot));
    },
  };
}
