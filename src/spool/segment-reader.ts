/**
 * Finds the committed groups of a segment without parsing its rows: a line that starts as a `page` line is a commit,
 * and the bytes before it, as many as it says, must have its CRC-32. What does not match is no group: a torn tail, or
 * what a failed write left.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { lineBatchesOf, linesOf, type Range } from './lines.js';
import type { PageRecord } from './record.js';

export interface CommittedGroup {
  file: string;
  /** Where its first line begins, in bytes. */
  start: number;
  page: PageRecord;
  /** Where the commit itself stands in the file. */
  commit: Range;
  /** The lines of the group's rows and quarantined rows, with their newlines. May be read only until the next groups are. */
  lines(): AsyncGenerator<Buffer>;
  /** The same lines where they are in memory still, as those of most groups are. */
  kept: readonly Buffer[] | undefined;
}

/** The lines since the last commit. */
interface Body {
  start: number;
  crc: number;
  kept: Buffer[];
}

const COMMIT = Buffer.from('{"kind":"page",');

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

/** Bytes of a group up to which its lines are kept until its commit is read; of a larger one they are read again. */
const MOST_KEPT = 1024 * 1024;

/** The committed groups of one segment, in order, those that end in one read together. Memory is one line and some chunks. */
async function* groupBatchesOf(file: string): AsyncGenerator<CommittedGroup[]> {
  const handle = await open(file, 'r');
  try {
    let lineAt = 0;
    let body: Body = { start: 0, crc: 0, kept: [] };
    for await (const lines of lineBatchesOf(handle)) {
      const groups: CommittedGroup[] = [];
      for (const line of lines) {
        const page = commitOf(line);
        const next = lineAt + line.length;
        if (page === undefined) {
          body.crc = crc32(line, body.crc);
          if (next - body.start <= MOST_KEPT) body.kept.push(line);
          else body.kept = [];
        } else {
          const start = lineAt - page.bytes;
          const follows = start === body.start;
          const whole = follows ? body.crc === page.crc : await rangeMatches(handle, start, page);
          const kept = follows && page.bytes <= MOST_KEPT ? body.kept : undefined;
          const range = { start, bytes: page.bytes };
          const commit = { start: lineAt, bytes: line.length };
          if (whole)
            groups.push({ file, start, page, commit, kept, lines: () => linesFrom(kept, handle, range) });
          body = { start: next, crc: 0, kept: [] };
        }
        lineAt = next;
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

function commitOf(line: Buffer): PageRecord | undefined {
  if (line.length < COMMIT.length || COMMIT.compare(line, 0, COMMIT.length) !== 0) return undefined;
  try {
    const record = JSON.parse(line.toString('utf8')) as PageRecord;
    return Number.isSafeInteger(record.page) && Number.isSafeInteger(record.bytes) ? record : undefined;
  } catch {
    return undefined; // torn within the commit itself: not committed
  }
}

/** For a commit that does not follow the last one directly: what stands between them was left by a failed write. */
async function rangeMatches(handle: FileHandle, start: number, page: PageRecord): Promise<boolean> {
  return start >= 0 && page.bytes >= 0 && crc32(await readRange(handle, start, page.bytes)) === page.crc;
}

async function* linesFrom(
  kept: readonly Buffer[] | undefined,
  handle: FileHandle,
  range: Range,
): AsyncGenerator<Buffer> {
  if (kept === undefined) yield* linesOf(handle, range);
  else yield* kept;
}

async function readRange(handle: FileHandle, start: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await handle.read(buffer, 0, bytes, start);
  return buffer.subarray(0, bytesRead);
}
