/** Virtual time: what is due is run in order, of the same instant in the order it was asked for. */
export interface Clock {
  nowMs(): number;
  at(ms: number, run: () => void): void;
  /** Runs the next event; false when there is none. */
  step(): boolean;
}

interface Due {
  atMs: number;
  order: number;
  run: () => void;
}

export function createClock(startMs: number): Clock {
  let nowMs = startMs;
  let order = 0;
  /** A binary heap, the earliest first. */
  const heap: Due[] = [];

  const earlier = (a: Due, b: Due) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const sift = (due: Due, from: number) => {
    let hole = from;
    for (;;) {
      let child = 2 * hole + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && earlier(right, left)) child += 1;
      const least = heap[child] as Due;
      if (earlier(due, least)) break;
      heap[hole] = least;
      hole = child;
    }
    heap[hole] = due;
  };

  return {
    nowMs: () => nowMs,
    at(ms, run) {
      const due = { atMs: Math.max(ms, nowMs), order: order++, run };
      let hole = heap.push(due) - 1;
      while (hole > 0) {
        const parent = (hole - 1) >> 1;
        const above = heap[parent] as Due;
        if (earlier(above, due)) break;
        heap[hole] = above;
        hole = parent;
      }
      heap[hole] = due;
    },
    step() {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined) return false;
      if (heap.length > 0) sift(last, 0);
      nowMs = first.atMs;
      first.run();
      return true;
    },
  };
}
