/**
 * A run of entries (page-order.ts): a header each, then the lines that it holds. A file of them is read a part at a time
 * and is not open in between.
 */
import { open } from 'node:fs/promises';

/** A committed group, in short. */
export interface Entry {
  page: number;
  /** Bits that the order does not look at. */
  marks: number;
  /** The number of the segment, and where in it the group's lines begin and how many bytes they and the commit have. */
  segment: number;
  start: number;
  bytes: number;
  commitBytes: number;
  /** The lines before the commit, or nothing: they may stay where they are. */
  body: Buffer;
}

const HEADER_BYTES = 41;

export function entryBytes({ body }: Entry): number {
  return HEADER_BYTES + body.length;
}

/** How many bytes it took. */
export function writeEntry(memory: Buffer, at: number, entry: Entry): number {
  memory.writeUInt32LE(entry.body.length, at);
  memory.writeDoubleLE(entry.page, at + 4);
  memory.writeDoubleLE(entry.start, at + 12);
  memory.writeDoubleLE(entry.bytes, at + 20);
  memory.writeDoubleLE(entry.commitBytes, at + 28);
  memory.writeUInt32LE(entry.segment, at + 36);
  memory[at + 40] = entry.marks;
  entry.body.copy(memory, at + HEADER_BYTES);
  return entryBytes(entry);
}

export interface Run {
  number: number;
  /** Of the entry that it stands at. */
  page(): number;
  /** Shares the run's memory until `readOn`. */
  entry(): Entry;
  /** To the next entry; false when that has to be read first, or there is none. */
  advance(): boolean;
  /** To the next entry in the file; false at the end. */
  readOn(): Promise<boolean>;
}

/** Stands before its first entry. */
export function openRun({
  file,
  number,
  readBytes,
}: {
  file: string;
  number: number;
  readBytes: number;
}): Run {
  let memory = Buffer.allocUnsafe(readBytes);
  let filled = 0;
  /** Where its entry begins and the next one does: in memory. */
  let at = 0;
  let next = 0;
  let fileAt = 0;
  let page = 0;

  function isHeld(): boolean {
    if (filled - next < HEADER_BYTES || filled - next < sizeAt(next)) return false;
    at = next;
    next += sizeAt(at);
    page = memory.readDoubleLE(at + 4);
    return true;
  }

  function sizeAt(begin: number): number {
    return HEADER_BYTES + memory.readUInt32LE(begin);
  }

  return {
    number,
    page: () => page,
    entry: () => ({
      page,
      marks: memory[at + 40] ?? 0,
      segment: memory.readUInt32LE(at + 36),
      start: memory.readDoubleLE(at + 12),
      bytes: memory.readDoubleLE(at + 20),
      commitBytes: memory.readDoubleLE(at + 28),
      body: memory.subarray(at + HEADER_BYTES, next),
    }),
    advance: isHeld,
    async readOn() {
      const handle = await open(file, 'r');
      try {
        while (!isHeld()) {
          const rest = memory.subarray(next, filled);
          const wanted = rest.length >= HEADER_BYTES ? Math.max(readBytes, sizeAt(next)) : readBytes;
          if (wanted > memory.length) memory = Buffer.allocUnsafe(wanted);
          rest.copy(memory);
          filled = rest.length;
          next = 0;
          const { bytesRead } = await handle.read(memory, filled, memory.length - filled, fileAt);
          if (bytesRead === 0) return false;
          filled += bytesRead;
          fileAt += bytesRead;
        }
        return true;
      } finally {
        await handle.close();
      }
    },
  };
}
