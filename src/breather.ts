/** Keeps long work of ours from holding up the event loop: the queue's locks are renewed by it, and others wait for it. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** To be awaited before each step of one piece of work. Lets others have their turn when the last one was `sliceMs` ago. */
export type Breathe = () => Promise<void> | undefined;

const SLICE_MS = 20;

/** One for each piece of work whose steps follow each other. `sliceMs` default 20. */
export function createBreather(sliceMs = SLICE_MS): Breathe {
  let begunAt = performance.now();
  return () => {
    if (performance.now() - begunAt < sliceMs) return undefined;
    return nextTurn().then(() => {
      begunAt = performance.now();
    });
  };
}
