/** The contexts of the batches that a process works on: each is opened once, and closed when it is of no use any more. */
import { type BatchContext, type ContextOptions, OtherCode, openContext } from './context.js';

export interface Contexts {
  of(batch: string): Promise<BatchContext>;
  /** Of a batch that has ended here. */
  end(batch: string): Promise<void>;
  /** Closes those that have not been used for a while. Not at once: a Redis that forgot a batch will know it again. */
  closeUnused(isUsed: (batch: string) => boolean): Promise<void>;
  close(): Promise<void>;
}

const UNUSED_MS = 10 * 60_000;

export function createContexts(home: string, options: ContextOptions): Contexts {
  const contexts = new Map<string, Promise<BatchContext>>();
  /** By `performance.now()`. */
  const unusedSince = new Map<string, number>();
  /** Batches that were begun with other code than is here. */
  const otherCode = new Set<string>();

  function sayOtherCode(batch: string, reason: string): void {
    if (otherCode.has(batch)) return;
    otherCode.add(batch);
    options.onEvent({ kind: 'batch.other-code', batch, reason });
  }

  async function end(batch: string): Promise<void> {
    const context = contexts.get(batch);
    contexts.delete(batch);
    unusedSince.delete(batch);
    await context?.then((open) => open.close()).catch(() => undefined);
  }

  return {
    of(batch) {
      const known = contexts.get(batch);
      if (known !== undefined) return known;
      const context = openContext(batch, home, options);
      contexts.set(batch, context);
      context.then(
        () => otherCode.delete(batch),
        (error: unknown) => {
          contexts.delete(batch); // the next job tries anew
          if (error instanceof OtherCode) sayOtherCode(batch, error.message);
        },
      );
      return context;
    },
    end,
    async closeUnused(isUsed) {
      for (const batch of contexts.keys()) {
        const since = unusedSince.get(batch) ?? performance.now();
        if (isUsed(batch)) unusedSince.delete(batch);
        else unusedSince.set(batch, since);
        if (unusedSince.has(batch) && performance.now() - since >= UNUSED_MS) await end(batch);
      }
    },
    async close() {
      for (const batch of [...contexts.keys()]) await end(batch);
    },
  };
}
