/**
 * Which rows lose to a later one with the same key, without holding all keys: they are dealt to parts by their hash, so
 * that equal keys meet in one part, and each part is small enough for memory. A row is known by its place among all that
 * are read, from 0.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { linesAt } from '../spool/lines.js';
import { createNumberSet, type NumberSet } from '../spool/number-set.js';
import type { RowFile } from '../spool/row-files.js';
import { type Column, columnNamed } from './column.js';
import type { EngineJob } from './engine.js';

/** A part's keys are held in a Map: a sixteenth leaves room for it, were the rows nothing but keys. */
const PARTS_PER_MEMORY = 16;
const MOST_PARTS = 256;
const BUFFERED_BYTES = 64 * 1024;
const PROGRESS_ROWS = 10_000;

export interface Losers {
  losers: NumberSet;
  read: number;
  delivered: number;
}

export async function dedupByHash(job: EngineJob, rows: readonly RowFile[]): Promise<Losers> {
  const bytes = rows.reduce((sum, file) => sum + file.bytes, 0);
  const partBytes = (job.memoryLimitMb * 1024 * 1024) / PARTS_PER_MEMORY;
  const parts = Math.min(MOST_PARTS, Math.max(1, Math.ceil(bytes / partBytes)));
  const { paths, read } = await deal(job, rows, parts);
  const losers = createNumberSet();
  let delivered = 0;
  for (const path of paths) {
    job.signal?.throwIfAborted();
    delivered += await settlePart(path, losers);
    await rm(path);
    job.onProgress({ phase: 'deduplicating', rows: delivered });
  }
  return { losers, read, delivered };
}

/** The lines of all files in their order, some at a time. Throws when a file has others than it was said to have. */
export async function* rowLines(rows: readonly RowFile[]): AsyncGenerator<Buffer[]> {
  for (const { path, bytes } of rows) {
    let seen = 0;
    for await (const lines of linesAt({ file: path, start: 0, bytes })) {
      for (const line of lines) seen += line.length;
      yield lines;
    }
    if (seen !== bytes) throw new Error(`${path} has lines of ${seen} bytes, not of ${bytes}`);
  }
}

async function deal(
  job: EngineJob,
  rows: readonly RowFile[],
  parts: number,
): Promise<{ paths: string[]; read: number }> {
  const key = job.key.map((name) => columnNamed(job.columns, name));
  const paths = Array.from({ length: parts }, (_, part) => join(job.scratch, `part-${part}`));
  const outputs: BufferedOutput[] = [];
  let read = 0;
  try {
    for (const path of paths) outputs.push(await openBuffered(path));
    for await (const lines of rowLines(rows)) {
      job.signal?.throwIfAborted();
      for (const line of lines) {
        const { row } = JSON.parse(line.toString()) as { row: Record<string, unknown> };
        const keyText = keyTextOf(key, row);
        // JSON text escapes tabs and newlines, so neither can stand in the key.
        await outputs[hashOf(keyText) % parts]?.write(Buffer.from(`${read}\t${keyText}\n`));
        read += 1;
        if (read % PROGRESS_ROWS === 0) job.onProgress({ phase: 'reading', rows: read });
      }
    }
  } finally {
    for (const output of outputs) await output.close();
  }
  job.onProgress({ phase: 'reading', rows: read });
  return { paths, read };
}

/** A row's key as text; equal for equal keys. An int64 may be encoded as a number or as text. */
export function keyTextOf(columns: readonly Column[], row: Record<string, unknown>): string {
  return JSON.stringify(
    columns.map(({ name, type }) => (type.kind === 'int64' ? String(row[name]) : row[name])),
  );
}

/** Adds the part's losers; how many rows win. */
async function settlePart(path: string, losers: NumberSet): Promise<number> {
  const latest = new Map<string, number>();
  for await (const lines of linesAt({ file: path, start: 0, bytes: Infinity })) {
    for (const line of lines) {
      const text = line.toString();
      const tab = text.indexOf('\t');
      const key = text.slice(tab + 1);
      const earlier = latest.get(key);
      if (earlier !== undefined) losers.add(earlier);
      latest.set(key, Number(text.slice(0, tab)));
    }
  }
  return latest.size;
}

interface BufferedOutput {
  write(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

async function openBuffered(path: string): Promise<BufferedOutput> {
  const file: FileHandle = await open(path, 'w');
  let waiting: Buffer[] = [];
  let bytes = 0;
  const flush = async () => {
    const all = Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
    await file.writeFile(all);
  };
  return {
    async write(part) {
      waiting.push(part);
      bytes += part.length;
      if (bytes >= BUFFERED_BYTES) await flush();
    },
    async close() {
      try {
        await flush();
      } finally {
        await file.close();
      }
    },
  };
}

/** FNV-1a over the text's UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
