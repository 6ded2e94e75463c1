/**
 * Writes groups as objects of a store that the machines of a farm share: those of a moment together make one segment,
 * and a page's group is acknowledged when its segment is there. While one is on its way the next one fills.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { encodeGently, type PageGroup } from './group.js';
import type { SegmentWriter } from './segment-writer.js';

export interface ObjectWriterOptions {
  /** Resolves when the object is on stable storage. */
  put(name: string, body: Buffer): Promise<void>;
  /** Names this writer's segments; must be unique among all writers of the batch, ever. */
  writer: string;
  /** How long the first group of a segment waits for others, ms. Default 250: a page more or less in flight meanwhile. */
  ageMs?: number;
  /** A segment of so many bytes waits for no others. Default 8 MB. */
  maxBytes?: number;
}

interface Waiting {
  parts: readonly Buffer[];
  resolve(): void;
  reject(error: unknown): void;
}

export function createObjectWriter(options: ObjectWriterOptions): SegmentWriter {
  const { put, writer, ageMs = 250, maxBytes = 8 * 1024 * 1024 } = options;
  let waiting: Waiting[] = [];
  let bytes = 0;
  let sequence = 0;
  let flushing: Promise<void> | undefined;
  /** Aborts the wait for company. */
  let full = new AbortController();
  const encoding = new Set<Promise<unknown>>();
  let closed = false;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      if (!closed) await delay(ageMs, undefined, { signal: full.signal }).catch(() => undefined);
      const company = waiting;
      waiting = [];
      bytes = 0;
      full = new AbortController();
      try {
        const name = `${writer}-${String(sequence++).padStart(6, '0')}.ndjson`;
        await put(name, Buffer.concat(company.flatMap(({ parts }) => parts)));
        for (const one of company) one.resolve();
      } catch (error) {
        for (const one of company) one.reject(error);
      }
    }
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
    async append(group: PageGroup) {
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
