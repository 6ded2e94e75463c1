/**
 * Writes groups as objects of a store that the machines of a farm share: those of a moment together make one segment,
 * and a page's group is acknowledged when its segment is there.
 */
import { createGroupCommit } from './group-commit.js';
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

export function createObjectWriter(options: ObjectWriterOptions): SegmentWriter {
  const { put, writer, ageMs = 250, maxBytes = 8 * 1024 * 1024 } = options;
  let sequence = 0;
  return createGroupCommit({
    ageMs,
    maxBytes,
    // One that is refused may stand there all the same: the next try has a name of its own.
    write: (parts) => put(`${writer}-${String(sequence++).padStart(6, '0')}.ndjson`, Buffer.concat(parts)),
  });
}
