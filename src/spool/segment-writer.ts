/**
 * Writes groups to append-only segments and makes them durable in company: while one fdatasync runs, the groups that
 * arrive wait, and the next one carries them all. A page's group is acknowledged only after the sync that covers it.
 * A write that fails is cut off again, so that a segment holds whole groups wherever the disk let us write.
 */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf, ThreshError } from '../errors.js';
import { encodeGroup, type PageGroup } from './group.js';

export interface SegmentWriter {
  /**
   * Resolves when the group is on stable storage. Throws OUTPUT_UNWRITABLE (retry `later`) when it is not, and then
   * nothing of it is left in the segment.
   */
  append(group: PageGroup): Promise<void>;
  /** Waits for what was appended. */
  close(): Promise<void>;
}

export interface SegmentWriterOptions {
  dir: string;
  /** Names this writer's segments; must be unique among all writers that ever wrote to `dir`. */
  writer: string;
  /** A new segment is begun past this many bytes. Default 64 MB. */
  maxBytes?: number;
}

interface Waiting {
  bytes: Buffer;
  resolve(): void;
  reject(error: unknown): void;
}

interface Segment {
  file: string;
  handle: FileHandle;
  size: number;
}

export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
  let segment: Segment | undefined;
  let sequence = 0;
  let waiting: Waiting[] = [];
  let flushing: Promise<void> | undefined;
  let closed = false;

  async function begin(): Promise<Segment> {
    await mkdir(options.dir, { recursive: true });
    const file = path.join(options.dir, `${options.writer}-${String(sequence++).padStart(5, '0')}.ndjson`);
    const handle = await open(file, 'ax');
    const folder = await open(options.dir, 'r');
    await folder.sync().finally(() => folder.close());
    return { file, handle, size: 0 };
  }

  /** After a failed write: whole groups or nothing. A segment that cannot even be cut is left; its tail has no commit. */
  async function abandon(failed: Segment): Promise<void> {
    segment = undefined;
    await failed.handle.truncate(failed.size).catch(() => undefined);
    await failed.handle.close().catch(() => undefined);
    if (failed.size === 0) await rm(failed.file, { force: true }).catch(() => undefined); // nobody was told of anything in it
  }

  async function writeDurably(bytes: Buffer): Promise<void> {
    if (segment !== undefined && segment.size >= maxBytes) {
      await segment.handle.close();
      segment = undefined;
    }
    segment ??= await begin();
    const current = segment;
    try {
      await current.handle.appendFile(bytes);
      await current.handle.datasync();
      if ((await current.handle.stat()).nlink === 0) throw new Error('the segment was deleted');
      current.size += bytes.length;
    } catch (error) {
      await abandon(current);
      throw error;
    }
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const company = waiting;
      waiting = [];
      try {
        await writeDurably(Buffer.concat(company.map((one) => one.bytes)));
        for (const one of company) one.resolve();
      } catch (cause) {
        const error = new ThreshError(`cannot write rows to ${options.dir}: ${reasonOf(cause)}`, {
          code: 'OUTPUT_UNWRITABLE',
          scope: 'batch',
          retry: 'later',
          mend: 'free space on that disk, or make the folder writable; the batch goes on where it was',
          cause,
        });
        for (const one of company) one.reject(error);
      }
    }
    // Here and not in a `finally` of the promise: who was just acknowledged appends again before that would run.
    flushing = undefined;
  }

  return {
    append(group) {
      if (closed) return Promise.reject(new Error('segment writer is closed'));
      return new Promise((resolve, reject) => {
        waiting.push({ bytes: encodeGroup(group), resolve, reject });
        flushing ??= flush();
      });
    },
    async close() {
      closed = true;
      await flushing;
      await segment?.handle.close();
      segment = undefined;
    },
  };
}
