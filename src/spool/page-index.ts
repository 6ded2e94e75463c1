/**
 * Finds the group of a page by its URL and label among the segments of a batch, with memory that does not grow with their
 * number: entries of one size in a file, in the order of their hash, which is dealt to parts on disk and sorted part by part.
 *
 *   hash 16   commit time 8   fetch time 8   start 8   bytes 4   crc 4   segment 4   origin 4   flags 4   commit's bytes 4
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { linesAt, type Place } from './lines.js';
import { type FoundRecords, type GroupPlace, recordsOf } from './read-group.js';
import type { PageRecord, QuarantinedRecord, RowRecord } from './record.js';
import { type CommittedGroup, readAllGroups } from './segment-reader.js';

export interface PageName {
  url: string;
  label?: string | undefined;
}

/** What an earlier batch got of a page. */
export interface FoundPage {
  /** ISO 8601, UTC. */
  fetchedAt: string;
  /** The batch that fetched it. */
  origin: string;
  place: GroupPlace;
  /** Undefined when it is not there any more as it was written. */
  read(): Promise<FoundRecords | undefined>;
}

export interface PageIndex {
  /** In the order of the names; undefined for a page that is not among them, or of which no rows may be used. */
  find(pages: readonly PageName[]): Promise<(FoundPage | undefined)[]>;
  /** Removes it. */
  close(): Promise<void>;
}

export interface PageIndexOptions {
  segments: string;
  /** The batch whose segments they are. */
  batch: string;
  /** Made, filled and removed. */
  folder: string;
  /** Whether a commit counts; those that do not are as if they were not there. */
  counts: (page: PageRecord) => boolean;
  /** Whether what it got may be used: one of two commits of a page that counts may not be. */
  isUsable: (page: PageRecord) => boolean;
  signal?: AbortSignal | undefined;
}

const ENTRY = 64;
const PARTS = 64;
/** Of the hash's first bits: some hundred entries each at a million pages. */
const BUCKETS = 4_096;
const BUFFERED = 64 * 1024;
const OPEN_SEGMENTS = 32;
const USABLE = 1;

/** Throws what the disk says. */
export async function buildPageIndex(options: PageIndexOptions): Promise<PageIndex> {
  await rm(options.folder, { recursive: true, force: true });
  await mkdir(options.folder, { recursive: true });
  const lists: Lists = { segments: [], origins: [] };
  await deal(options, lists);
  const buckets = await sortParts(options.folder);
  return openIndex(options.folder, buckets, lists);
}

interface Lists {
  segments: string[];
  origins: string[];
}

async function deal(options: PageIndexOptions, lists: Lists): Promise<void> {
  const places = { segments: new Map<string, number>(), origins: new Map<string, number>() };
  const placeOf = (list: keyof Lists, name: string): number => {
    const place = places[list].get(name) ?? places[list].size;
    if (place === places[list].size) {
      places[list].set(name, place);
      lists[list].push(name);
    }
    return place;
  };
  const parts = await openParts(options.folder);
  try {
    for await (const group of readAllGroups(options.segments)) {
      options.signal?.throwIfAborted();
      const { page } = group;
      if (page.outcome !== 'completed' || !options.counts(page)) continue;
      const fetchedAt = page.carried?.fetchedAt ?? (await fetchTimeOf(group));
      const entry = Buffer.alloc(ENTRY);
      hashOf(page).copy(entry);
      entry.writeDoubleLE(Date.parse(page.at), 16);
      entry.writeDoubleLE(fetchedAt === undefined ? 0 : Date.parse(fetchedAt), 24);
      entry.writeDoubleLE(group.place.start, 32);
      entry.writeUInt32LE(page.bytes, 40);
      entry.writeUInt32LE(page.crc, 44);
      entry.writeUInt32LE(placeOf('segments', group.place.file), 48);
      entry.writeUInt32LE(placeOf('origins', page.carried?.from ?? options.batch), 52);
      entry.writeUInt32LE(fetchedAt !== undefined && options.isUsable(page) ? USABLE : 0, 56);
      entry.writeUInt32LE(group.commitBytes, 60);
      await parts[(entry[0] ?? 0) >> 2]?.write(entry);
    }
  } finally {
    for (const part of parts) await part.close();
  }
}

/** Of its rows; undefined when it has none, not even refused ones. */
async function fetchTimeOf({ place, body }: CommittedGroup): Promise<string | undefined> {
  const line = body === undefined ? await firstLineAt(place) : body.subarray(0, body.indexOf('\n'));
  if (line === undefined || line.length === 0) return undefined;
  return (JSON.parse(line.toString()) as RowRecord | QuarantinedRecord).fetchedAt;
}

async function firstLineAt(place: Place): Promise<Buffer | undefined> {
  for await (const [line] of linesAt(place)) return line;
  return undefined;
}

/** The first entry of each bucket, and behind the last. */
async function sortParts(folder: string): Promise<number[]> {
  const buckets: number[] = [];
  const index = await open(indexIn(folder), 'w');
  let entries = 0;
  try {
    for (let part = 0; part < PARTS; part += 1) {
      const file = partIn(folder, part);
      const bytes = await readFile(file);
      const sorted = latestOf(bytes);
      for (const entry of sorted) {
        const bucket = bucketOf(entry);
        while (buckets.length <= bucket) buckets.push(entries);
        entries += 1;
      }
      await index.writeFile(Buffer.concat(sorted));
      await rm(file);
    }
  } finally {
    await index.close();
  }
  while (buckets.length <= BUCKETS) buckets.push(entries);
  return buckets;
}

/** By hash; of several commits of one page the latest. */
function latestOf(bytes: Buffer): Buffer[] {
  const entries = Array.from({ length: bytes.length / ENTRY }, (_, at) =>
    bytes.subarray(at * ENTRY, (at + 1) * ENTRY),
  );
  entries.sort((a, b) => a.compare(b, 0, 16, 0, 16) || a.readDoubleLE(16) - b.readDoubleLE(16));
  return entries.filter((entry, at) => {
    const next = entries[at + 1];
    return next === undefined || entry.compare(next, 0, 16, 0, 16) !== 0;
  });
}

async function openIndex(folder: string, buckets: readonly number[], lists: Lists): Promise<PageIndex> {
  const index = await open(indexIn(folder), 'r');
  const segments = openFew(lists.segments);

  async function entryOf(name: PageName): Promise<Buffer | undefined> {
    const hash = hashOf(name);
    const bucket = bucketOf(hash);
    const [from = 0, to = 0] = [buckets[bucket], buckets[bucket + 1]];
    const bytes = Buffer.alloc((to - from) * ENTRY);
    await index.read(bytes, 0, bytes.length, from * ENTRY);
    for (let at = 0; at < bytes.length; at += ENTRY)
      if (bytes.compare(hash, 0, 16, at, at + 16) === 0) return bytes.subarray(at, at + ENTRY);
    return undefined;
  }

  function foundAt(entry: Buffer): FoundPage | undefined {
    if (entry.readUInt32LE(56) !== USABLE) return undefined;
    const segment = entry.readUInt32LE(48);
    const place: GroupPlace = {
      file: lists.segments[segment] ?? '',
      start: entry.readDoubleLE(32),
      bytes: entry.readUInt32LE(40),
      crc: entry.readUInt32LE(44),
      commitBytes: entry.readUInt32LE(60),
    };
    return {
      fetchedAt: new Date(entry.readDoubleLE(24)).toISOString(),
      origin: lists.origins[entry.readUInt32LE(52)] ?? '',
      place,
      async read() {
        const range = { start: place.start, bytes: place.bytes + place.commitBytes };
        const group = await segments.read(segment, range);
        return group && recordsOf(group, place);
      },
    };
  }

  return {
    find: (pages) =>
      Promise.all(
        pages.map(async (page) => {
          const entry = await entryOf(page);
          return entry && foundAt(entry);
        }),
      ),
    async close() {
      await segments.close();
      await index.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Few of them open at once. */
function openFew(files: readonly string[]) {
  const handles = new Map<number, Promise<FileHandle>>();

  /** The one that was used longest ago gives way. */
  async function handleOf(segment: number): Promise<FileHandle> {
    const handle = handles.get(segment) ?? open(files[segment] ?? '', 'r');
    handles.delete(segment);
    handles.set(segment, handle);
    return handle;
  }

  async function giveWay(): Promise<void> {
    for (const [segment, handle] of handles) {
      if (handles.size <= OPEN_SEGMENTS) return;
      handles.delete(segment);
      await (await handle.catch(() => undefined))?.close();
    }
  }

  return {
    /** Undefined when it cannot be read. One after the other: what is being read stays open. */
    async read(segment: number, { start, bytes }: { start: number; bytes: number }) {
      try {
        const handle = await handleOf(segment);
        const buffer = Buffer.alloc(bytes);
        const { bytesRead } = await handle.read(buffer, 0, bytes, start);
        await giveWay();
        return bytesRead === bytes ? buffer : undefined;
      } catch {
        handles.delete(segment); // cleaned up meanwhile: the page is rendered
        return undefined;
      }
    },
    async close() {
      for (const handle of handles.values()) await (await handle.catch(() => undefined))?.close();
    },
  };
}

/** 128 bits of it tell pages apart. */
function hashOf({ url, label }: PageName): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([url, label ?? null]))
    .digest()
    .subarray(0, 16);
}

function bucketOf(hash: Buffer): number {
  return hash.readUInt16BE() >> 4;
}

function indexIn(folder: string): string {
  return path.join(folder, 'index');
}

function partIn(folder: string, part: number): string {
  return path.join(folder, `part-${part}`);
}

async function openParts(folder: string) {
  const parts: { write(entry: Buffer): Promise<void>; close(): Promise<void> }[] = [];
  for (let part = 0; part < PARTS; part += 1) {
    const handle = await open(partIn(folder, part), 'w');
    let waiting: Buffer[] = [];
    const flush = async (): Promise<void> => {
      await handle.writeFile(Buffer.concat(waiting));
      waiting = [];
    };
    parts.push({
      async write(entry) {
        waiting.push(entry);
        if (waiting.length * ENTRY >= BUFFERED) await flush();
      },
      close: () => flush().finally(() => handle.close()),
    });
  }
  return parts;
}
