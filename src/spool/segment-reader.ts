/**
 * Finds the committed groups of a segment without parsing its rows: a line that starts as a `page` line is a commit,
 * and the bytes before it, as many as it says, must have its CRC-32. What does not match is no group: a torn tail, or
 * what a failed write left. Lines of rows are not even looked for: a group's bytes are checked and handed on as they are.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Place } from './lines.js';
import type { PageRecord } from './record.js';

export interface CommittedGroup {
  page: PageRecord;
  /** Where the lines of its rows and quarantined rows stand, and how many bytes the commit's line after them has. */
  place: Place;
  commitBytes: number;
  /** Those lines; undefined when they were too large to be held. May be read only until the next groups are. */
  body: Buffer | undefined;
}

const NEWLINE = 10;
const LINE_END = Buffer.from('\n');
const COMMIT = Buffer.from('\n{"kind":"page",');

/** The segments of a folder in the order of their names; none when the folder does not exist. */
export async function listSegments(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith('.ndjson'))
    .sort()
    .map((name) => path.join(dir, name));
}

/** Read at once; what is done with the groups in it is one piece of work of some ms, however small they are. */
const CHUNK_BYTES = 512 * 1024;

/** Bytes of a group up to which its lines are kept until its commit is read; of a larger one they are read again. */
const MOST_KEPT = 1024 * 1024;

/**
 * The committed groups of one segment, in order, those that end in one chunk together; they may be read only until the next
 * are. Memory is two chunks and a group.
 */
export async function* groupBatchesOf(file: string): AsyncGenerator<CommittedGroup[]> {
  const handle = await open(file, 'r');
  try {
    const window = createWindow(handle);
    /** Offset of the byte after the last commit, and of that up to which no other one begins. */
    let after = 0;
    let looked = 0;
    while (await window.more(looked - after <= MOST_KEPT ? after : looked)) {
      const groups: CommittedGroup[] = [];
      for (;;) {
        const newline = window.find(COMMIT, looked - 1);
        if (newline === undefined) {
          looked = Math.max(looked, window.end() - COMMIT.length + 1);
          break;
        }
        const begin = newline + 1;
        const end = window.find(LINE_END, begin);
        looked = end === undefined ? begin : end + 1;
        if (end === undefined) break;
        const page = recordIn(window.slice(begin, end));
        if (page === undefined) continue;
        after = looked;
        const place = { file, start: begin - page.bytes, bytes: page.bytes };
        if (place.start < 0 || page.bytes < 0) continue;
        const body = place.start >= window.start() ? window.slice(place.start, begin) : undefined;
        const crc = body === undefined ? await crcOf(handle, place) : crc32(body);
        if (crc === page.crc) groups.push({ page, place, commitBytes: looked - begin, body });
      }
      if (groups.length > 0) yield groups;
    }
  } finally {
    await handle.close();
  }
}

/** All committed groups of a folder's segments, some at a time, which may be read only until the next are. */
export async function* readGroupBatches(dir: string): AsyncGenerator<CommittedGroup[]> {
  for (const file of await listSegments(dir)) {
    for await (const groups of groupBatchesOf(file)) yield groups;
  }
}

/** The same one by one. */
export async function* readAllGroups(dir: string): AsyncGenerator<CommittedGroup> {
  for await (const groups of readGroupBatches(dir)) yield* groups;
}

/** A part of a file in memory; offsets are the file's. Before its first byte stands a newline, as before every line. */
interface Window {
  /** Reads on; what stands before `from` may be forgotten. False at the file's end. */
  more(from: number): Promise<boolean>;
  start(): number;
  end(): number;
  /** The offset at which `bytes` begin, at or after `from`. */
  find(bytes: Buffer, from: number): number | undefined;
  /** Shares the window's memory. */
  slice(from: number, to: number): Buffer;
}

function createWindow(handle: FileHandle): Window {
  let memory = Buffer.allocUnsafe(MOST_KEPT + 2 * CHUNK_BYTES);
  memory[0] = NEWLINE;
  const spare = Buffer.allocUnsafe(CHUNK_BYTES);
  let held = memory.subarray(0, 1);
  let start = -1;
  /** What comes next, read into `spare` while what is there is worked with. */
  let next: Promise<number> | undefined;

  async function readInto(target: Buffer, at: number, position: number): Promise<number> {
    return (await handle.read(target, at, CHUNK_BYTES, position)).bytesRead;
  }

  return {
    async more(from) {
      // With the newline before it.
      const kept = held.subarray(from - 1 - start);
      if (memory.length - kept.length < CHUNK_BYTES) memory = Buffer.allocUnsafe(memory.length * 2);
      kept.copy(memory);
      start = from - 1;
      const position = start + kept.length;
      const bytesRead = await (next ?? readInto(memory, kept.length, position));
      if (next !== undefined) spare.copy(memory, kept.length, 0, bytesRead);
      next = bytesRead < CHUNK_BYTES ? undefined : readInto(spare, 0, position + bytesRead);
      next?.catch(() => undefined); // thrown when it is awaited
      held = memory.subarray(0, kept.length + bytesRead);
      return bytesRead > 0;
    },
    start: () => start,
    end: () => start + held.length,
    find(bytes, from) {
      const at = held.indexOf(bytes, from - start);
      return at < 0 ? undefined : start + at;
    },
    slice: (from, to) => held.subarray(from - start, to - start),
  };
}

function recordIn(commit: Buffer): PageRecord | undefined {
  try {
    const record = JSON.parse(commit.toString('utf8')) as PageRecord;
    return Number.isSafeInteger(record.page) && Number.isSafeInteger(record.bytes) ? record : undefined;
  } catch {
    return undefined; // torn within the commit itself: not committed
  }
}

/** Of lines that are no longer, or never were, within the window. */
async function crcOf(handle: FileHandle, { start, bytes }: Place): Promise<number> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let crc = 0;
  for (let at = start; at < start + bytes; ) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, start + bytes - at), at);
    if (bytesRead === 0) break;
    crc = crc32(chunk.subarray(0, bytesRead), crc);
    at += bytesRead;
  }
  return crc;
}
