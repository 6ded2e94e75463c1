/**
 * Writes groups to append-only segments, those that arrive while one fdatasync runs together (group-commit.ts). A write
 * that fails is cut off again, so that a segment holds whole groups wherever the disk let us write.
 */
import { fstatSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf, ThreshError } from '../errors.js';
import type { PageGroup } from './group.js';
import { createGroupCommit } from './group-commit.js';

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

const PORTION_BYTES = 4 * 1024 * 1024;

interface Segment {
  file: string;
  handle: FileHandle;
  size: number;
}

export function createSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
  let segment: Segment | undefined;
  let sequence = 0;
  const commit = createGroupCommit({ write });

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

  async function writeDurably(parts: readonly Buffer[]): Promise<void> {
    if (segment !== undefined && segment.size >= maxBytes) {
      await segment.handle.close();
      segment = undefined;
    }
    segment ??= await begin();
    const current = segment;
    let written = 0;
    try {
      for (const bytes of portionsOf(parts)) {
        await writeAll(current.handle, bytes);
        written += bytes.length;
      }
      await current.handle.datasync();
      // Asked of what the sync has just brought up to date: a turn of another thread would cost more than the answer.
      if (fstatSync(current.handle.fd).nlink === 0) throw new Error('the segment was deleted');
      current.size += written;
    } catch (error) {
      await abandon(current);
      throw error;
    }
  }

  async function write(parts: readonly Buffer[]): Promise<void> {
    try {
      await writeDurably(parts);
    } catch (cause) {
      throw new ThreshError(`cannot write rows to ${options.dir}: ${reasonOf(cause)}`, {
        code: 'OUTPUT_UNWRITABLE',
        scope: 'batch',
        retry: 'later',
        mend: 'free space on that disk, or make the folder writable; the batch goes on where it was',
        cause,
      });
    }
  }

  return {
    append: commit.append,
    async close() {
      await commit.close();
      await segment?.handle.close();
      segment = undefined;
    },
  };
}

/** `appendFile` does the same with more ado, for each page. */
async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length; ) from += (await handle.write(bytes, from)).bytesWritten;
}

/** In few writes, and none so large that putting it together takes long. */
function* portionsOf(parts: readonly Buffer[]): Generator<Buffer> {
  let portion: Buffer[] = [];
  let bytes = 0;
  for (const part of parts) {
    portion.push(part);
    bytes += part.length;
    if (bytes < PORTION_BYTES) continue;
    yield Buffer.concat(portion);
    portion = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(portion);
}
