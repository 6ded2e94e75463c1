/**
 * Puts what was committed into the order of the pages, however much it is: as much as fits into memory is sorted and
 * written as one run, and the runs are merged. Where a page has several entries they come in the order in which they
 * were added.
 */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { type Entry, entryBytes, openRun, type Run, writeEntry } from './run.js';

export interface PageRuns {
  /** Copies it. To be awaited before the next one when it is a promise. */
  add(entry: Entry): Promise<void> | undefined;
  /** After the last `add`: the runs' files, in which entries stand in the order of their pages. */
  end(): Promise<string[]>;
}

const MEMORY_BYTES = 32 * 1024 * 1024;
/** Of a run; the page and an entry's place among these are one number to sort by. */
const MOST_ENTRIES = 65_536;
const WRITE_BYTES = 1024 * 1024;
/** Of a run that is read, at least and at most. */
const LEAST_READ = 32 * 1024;
const MOST_READ = 1024 * 1024;
/** Entries that are handed on together: so many bytes, that what is done with them is some ms. */
const BATCH_BYTES = 512 * 1024;
const MOST_IN_BATCH = 1_000;

/**
 * Sorts what is added and writes it into `dir`, which its caller makes and removes, as files whose names begin with
 * `name`. `memoryBytes`, default 32 MB: what is sorted at once.
 */
export function createPageRuns(
  dir: string,
  { name = 'run', memoryBytes = MEMORY_BYTES }: { name?: string; memoryBytes?: number } = {},
): PageRuns {
  let memory = Buffer.allocUnsafe(memoryBytes);
  let block = Buffer.allocUnsafe(WRITE_BYTES);
  let other = Buffer.allocUnsafe(WRITE_BYTES);
  const keys = new Float64Array(MOST_ENTRIES);
  const starts = new Uint32Array(MOST_ENTRIES + 1);
  const runs: string[] = [];
  let entries = 0;
  let bytes = 0;

  function put(entry: Entry): void {
    keys[entries] = entry.page * MOST_ENTRIES + entries;
    bytes += writeEntry(memory, bytes, entry);
    entries += 1;
    starts[entries] = bytes;
  }

  async function writeRun(): Promise<void> {
    const file = path.join(dir, `${name}-${runs.length}`);
    const handle = await open(file, 'w');
    /** Of the other block, while this one is filled. */
    let writing = Promise.resolve();
    let filled = 0;
    const turnOver = async (): Promise<void> => {
      await writing;
      writing = handle.writeFile(block.subarray(0, filled));
      writing.catch(() => undefined); // thrown when it is awaited
      [block, other] = [other, block];
      filled = 0;
    };
    try {
      for (const key of keys.subarray(0, entries).sort()) {
        const at = key % MOST_ENTRIES;
        const entry = memory.subarray(starts[at], starts[at + 1]);
        if (filled + entry.length > block.length) await turnOver();
        if (entry.length > block.length) {
          await writing;
          await handle.writeFile(entry);
        } else filled += entry.copy(block, filled);
      }
      await turnOver();
      await writing;
    } finally {
      await handle.close();
    }
    runs.push(file);
    entries = 0;
    bytes = 0;
  }

  return {
    add(entry) {
      const size = entryBytes(entry);
      if (entries < MOST_ENTRIES && bytes + size <= memory.length) {
        put(entry);
        return undefined;
      }
      return (async () => {
        if (entries > 0) await writeRun();
        if (size > memory.length) memory = Buffer.allocUnsafe(size);
        put(entry);
      })();
    },
    async end() {
      if (entries > 0) await writeRun();
      memory = Buffer.alloc(0);
      return runs;
    },
  };
}

/** What all runs hold, in the order of the pages. Entries may be read only until the next ones are. */
export async function* inPageOrder(files: readonly string[]): AsyncGenerator<Entry[]> {
  const readBytes = Math.min(MOST_READ, Math.max(LEAST_READ, Math.floor(MEMORY_BYTES / files.length)));
  /** The one whose entry is next stands last. */
  const waiting: Run[] = [];
  for (const [number, file] of files.entries()) {
    const run = openRun({ file, number, readBytes });
    if (await run.readOn()) insert(waiting, run);
  }
  let batch: Entry[] = [];
  let bytes = 0;
  for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
    const entry = run.entry();
    batch.push(entry);
    bytes += entry.body.length;
    let goesOn = run.advance();
    if (!goesOn || bytes >= BATCH_BYTES || batch.length >= MOST_IN_BATCH) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    goesOn ||= await run.readOn();
    if (goesOn) insert(waiting, run);
  }
}

/** Pages mostly come nearly in order, so that a run that has been read from comes back to where it was, or next to it. */
function insert(waiting: Run[], run: Run): void {
  let low = 0;
  let high = waiting.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(run, waiting[middle] as Run)) low = middle + 1;
    else high = middle;
  }
  waiting.splice(low, 0, run);
}

function isBefore(a: Run, b: Run): boolean {
  const difference = a.page() - b.page();
  return difference < 0 || (difference === 0 && a.number < b.number);
}
