/**
 * Makes groups durable in company: while one write runs, the groups that arrive wait, and the next one carries them
 * all. A group is acknowledged only after the write that covers it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { encodeGently, type PageGroup } from './group.js';

export interface GroupCommit {
  /** Resolves when the group is durable; rejects with what the write that carried it threw. */
  append(group: PageGroup): Promise<void>;
  /** Waits for what was appended. */
  close(): Promise<void>;
}

export interface GroupCommitOptions {
  /** Resolves when all of it is on stable storage. */
  write(parts: readonly Buffer[]): Promise<void>;
  /** How long the first group waits for others, ms. Default 0: only while a write runs. */
  ageMs?: number;
  /** So many bytes wait for no others. Default any number. */
  maxBytes?: number;
}

interface Waiting {
  parts: readonly Buffer[];
  resolve(): void;
  reject(error: unknown): void;
}

export function createGroupCommit({
  write,
  ageMs = 0,
  maxBytes = Number.POSITIVE_INFINITY,
}: GroupCommitOptions): GroupCommit {
  let waiting: Waiting[] = [];
  let bytes = 0;
  let flushing: Promise<void> | undefined;
  /** Aborts the wait for company. */
  let full = new AbortController();
  /** Groups on their way into `waiting`. */
  const encoding = new Set<Promise<unknown>>();
  let closed = false;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      if (ageMs > 0 && !closed && bytes < maxBytes)
        await delay(ageMs, undefined, { signal: full.signal }).catch(() => undefined);
      const company = waiting;
      waiting = [];
      bytes = 0;
      full = new AbortController();
      try {
        await write(company.flatMap(({ parts }) => parts));
        for (const one of company) one.resolve();
      } catch (error) {
        for (const one of company) one.reject(error);
      }
    }
    // Here and not in a `finally` of the promise: who was just acknowledged appends again before that would run.
    flushing = undefined;
  }

  function enter(parts: readonly Buffer[]): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ parts, resolve, reject });
      for (const part of parts) bytes += part.length;
      if (bytes >= maxBytes) full.abort();
      flushing ??= flush();
    });
  }

  return {
    async append(group) {
      if (closed) throw new Error('segment writer is closed');
      const entering = encodeGently(group).then((parts) => ({ durable: enter(parts) }));
      encoding.add(entering);
      const { durable } = await entering.finally(() => encoding.delete(entering));
      return durable;
    },
    async close() {
      closed = true;
      await Promise.allSettled(encoding);
      full.abort();
      await flushing;
    },
  };
}
