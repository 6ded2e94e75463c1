/**
 * Deals what some of a batch's segments say to partitions, so that each can be aggregated by itself: every committed
 * group's rows go to the partitions of their keys, as entries of a run (run.ts) that say which page and which commit they
 * are of. Which of several commits of a page counts is not known here, as others may stand in other segments: what is
 * dealt is told together with the pages, and settled by who sees all of them (rivals.ts).
 */
import path from 'node:path';
import { createLineFile, type LineFile } from './line-file.js';
import { isRowLine, linesAt, linesIn } from './lines.js';
import { type Entry, entryBytes, writeEntry } from './run.js';
import { type CommittedGroup, listSegments, readGroupBatches } from './segment-reader.js';
import { type CommittedTotals, count, noTotals } from './totals.js';
import { isVoid, type Voids } from './which-counts.js';

export interface DealOptions {
  /** A folder with some of the batch's segments. */
  segments: string;
  /** How many of the batch's segments come before these. */
  first: number;
  partitions: number;
  /** The partition of a row, by its key. */
  partitionOf(row: Record<string, unknown>): number;
  /** A folder for what is dealt, which its caller makes and removes. */
  out: string;
  voids: Voids;
  signal?: AbortSignal | undefined;
}

export interface Dealt {
  /** All commits', also of a page that has several. */
  totals: CommittedTotals;
  /** A file a partition; an empty one where it has no row. */
  partitions: string[];
  /** The quarantined rows and dead letters, in one such file. */
  others: string;
  /** NDJSON of `SegmentPages`, a line a segment. */
  pages: string;
}

/** The pages of a segment's commits that are not void. */
export interface SegmentPages {
  /** The segment's place among all of the batch. */
  segment: number;
  name: string;
  pages: number[];
}

/** What an entry among the others holds: a commit, and not quarantined rows. */
export const IS_DEAD = 1;

/** For all partitions together, when they are many: memory that waits to be written. */
const BLOCKS_BYTES = 32 * 1024 * 1024;
const MOST_BLOCK_BYTES = 256 * 1024;
const LEAST_BLOCK_BYTES = 16 * 1024;

/** Throws what the file system throws, and the signal's reason. */
export async function dealCommitted(options: DealOptions): Promise<Dealt> {
  const { segments, first, partitions, out, voids, signal } = options;
  const numbers = new Map((await listSegments(segments)).map((file, at) => [file, first + at]));
  const totals = noTotals();
  const table = await openTable(out, partitions);
  try {
    let pages: SegmentPages | undefined;
    for await (const groups of readGroupBatches(segments)) {
      signal?.throwIfAborted();
      for (const group of groups) {
        const { page, place } = group;
        if (isVoid(page, voids)) continue;
        const segment = numbers.get(place.file) ?? first;
        if (pages?.segment !== segment) {
          if (pages !== undefined) table.notePages(pages);
          pages = { segment, name: path.basename(place.file), pages: [] };
        }
        pages.pages.push(page.page);
        if (page.proxyBytes !== undefined) totals.proxyBytes = (totals.proxyBytes ?? 0) + page.proxyBytes;
        count(totals, page, 1);
        const dealing = { segment, table, partitionOf: options.partitionOf };
        if (group.body !== undefined) dealLines(linesIn(group.body), group, dealing);
        else await dealFromSegment(group, dealing);
        if (page.outcome === 'dead') dealDead(group, dealing);
      }
      await table.settle();
    }
    if (pages !== undefined) table.notePages(pages);
  } finally {
    await table.close();
  }
  return { totals, partitions: table.partitions, others: table.others, pages: table.pages };
}

interface Table {
  deal(to: number | 'others', entry: Entry): void;
  notePages(pages: SegmentPages): void;
  settle(): Promise<void>;
  close(): Promise<void>;
  partitions: string[];
  others: string;
  pages: string;
}

async function openTable(out: string, partitions: number): Promise<Table> {
  const blockBytes = Math.min(MOST_BLOCK_BYTES, Math.max(LEAST_BLOCK_BYTES, BLOCKS_BYTES / partitions));
  const files: LineFile[] = [];
  const written = new Set<LineFile>();
  const close = async (): Promise<void> => {
    await Promise.all(files.map((file) => file.close()));
  };
  const create = async (name: string): Promise<LineFile> => {
    const file = await createLineFile(path.join(out, name), Math.floor(blockBytes));
    files.push(file);
    return file;
  };
  try {
    for (let partition = 0; partition < partitions; partition += 1) await create(`partition-${partition}`);
    const dealtTo = [...files];
    const others = await create('others');
    const pages = await create('pages.ndjson');
    return {
      deal(to, entry) {
        const encoded = Buffer.allocUnsafe(entryBytes(entry));
        writeEntry(encoded, 0, entry);
        const file = to === 'others' ? others : dealtTo[to];
        if (file === undefined) throw new Error(`there is no partition ${to} of ${partitions}`);
        file.write(encoded);
        written.add(file);
      },
      notePages: (noted) => pages.write(Buffer.from(`${JSON.stringify(noted)}\n`)),
      async settle() {
        for (const file of [...written, pages]) await file.settle();
        written.clear();
      },
      close,
      partitions: dealtTo.map((file) => file.path),
      others: others.path,
      pages: pages.path,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Dealing {
  segment: number;
  table: Table;
  partitionOf: DealOptions['partitionOf'];
}

/** Of a group that is too large to be held. The rows of one partition keep their order, in several entries. */
async function dealFromSegment(group: CommittedGroup, dealing: Dealing): Promise<void> {
  for await (const lines of linesAt(group.place)) {
    dealLines(lines, group, dealing);
    await dealing.table.settle();
  }
}

function dealLines(lines: Iterable<Buffer>, group: CommittedGroup, dealing: Dealing): void {
  const { table, segment, partitionOf } = dealing;
  const dealt = new Map<number | 'others', Buffer[]>();
  for (const line of lines) {
    const to = isRowLine(line) ? partitionOf(rowIn(line)) : 'others';
    const own = dealt.get(to);
    if (own === undefined) dealt.set(to, [line]);
    else own.push(line);
  }
  for (const [to, [first = NOTHING, ...more]] of dealt) {
    const body = more.length === 0 ? first : Buffer.concat([first, ...more]);
    table.deal(to, entryOf(group, { segment, marks: 0, body }));
  }
}

function dealDead(group: CommittedGroup, { table, segment }: Dealing): void {
  const body = Buffer.from(`${JSON.stringify(group.page)}\n`);
  table.deal('others', entryOf(group, { segment, marks: IS_DEAD, body }));
}

const NOTHING = Buffer.alloc(0);

function entryOf(
  { page, place, commitBytes }: CommittedGroup,
  own: Pick<Entry, 'segment' | 'marks' | 'body'>,
): Entry {
  return { page: page.page, start: place.start, bytes: place.bytes, commitBytes, ...own };
}

function rowIn(line: Buffer): Record<string, unknown> {
  return (JSON.parse(line.toString('utf8')) as { row: Record<string, unknown> }).row;
}
