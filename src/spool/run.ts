/**
 * A run of entries (page-order.ts): each one's page (8 bytes), the bytes of its body and of its commit (4 each), a byte of
 * marks; then body and commit. A file of them is read a part at a time and is not open in between.
 */
import { open } from 'node:fs/promises';

const HEADER_BYTES = 17;

export interface Entry {
  page: number;
  /** Bits that the order does not look at. */
  marks: number;
  body: Buffer;
  commit: Buffer;
}

export function entryBytes({ body, commit }: Entry): number {
  return HEADER_BYTES + body.length + commit.length;
}

/** How many bytes it took. */
export function writeEntry(memory: Buffer, at: number, entry: Entry): number {
  memory.writeDoubleLE(entry.page, at);
  memory.writeUInt32LE(entry.body.length, at + 8);
  memory.writeUInt32LE(entry.commit.length, at + 12);
  memory[at + 16] = entry.marks;
  entry.body.copy(memory, at + HEADER_BYTES);
  entry.commit.copy(memory, at + HEADER_BYTES + entry.body.length);
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
    page = memory.readDoubleLE(at);
    return true;
  }

  function sizeAt(begin: number): number {
    return HEADER_BYTES + memory.readUInt32LE(begin + 8) + memory.readUInt32LE(begin + 12);
  }

  return {
    number,
    page: () => page,
    entry() {
      const body = at + HEADER_BYTES;
      const commit = body + memory.readUInt32LE(at + 8);
      return {
        page,
        marks: memory[at + 16] ?? 0,
        body: memory.subarray(body, commit),
        commit: memory.subarray(commit, next),
      };
    },
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
