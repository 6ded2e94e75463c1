/**
 * Dedup without holding all keys: rows are dealt to parts by their key's hash, so that equal keys meet in one part, and
 * each part, small enough for memory, becomes a run: its winners ordered by (page, index).
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Column } from './column.js';
import type { EngineJob } from './engine.js';
import { isBefore, type KeyedLine, keyTextOf, readKeyed, writeKeyed } from './keyed-line.js';
import { measureLines, openLines } from './ndjson-lines.js';

/** A part's lines are held as bytes with a Map beside them: a sixteenth leaves room for both and for the writer. */
const PARTS_PER_MEMORY = 16;
const MOST_PARTS = 256;
const BUFFERED_BYTES = 64 * 1024;
const PROGRESS_ROWS = 10_000;

/** The runs' paths, each ordered by (page, index) and without duplicates, and the number of rows read. */
export async function dedupByHash(job: EngineJob): Promise<{ runs: string[]; read: number }> {
  const { bytes } = await measureLines(job.rows);
  const partBytes = (job.memoryLimitMb * 1024 * 1024) / PARTS_PER_MEMORY;
  const parts = Math.min(MOST_PARTS, Math.max(1, Math.ceil(bytes / partBytes)));
  const { paths, read } = await deal(job, parts);
  const runs: string[] = [];
  let kept = 0;
  for (const path of paths) {
    job.signal?.throwIfAborted();
    const winners = await winnersOf(path);
    await rm(path);
    const run = `${path}.run`;
    const output = await openBuffered(run);
    try {
      for (const winner of winners) await output.write(writeKeyed(winner));
    } finally {
      await output.close();
    }
    runs.push(run);
    kept += winners.length;
    job.onProgress({ phase: 'deduplicating', rows: kept });
  }
  return { runs, read };
}

async function deal(job: EngineJob, parts: number): Promise<{ paths: string[]; read: number }> {
  const key = job.key.map((name) => columnNamed(job.columns, name));
  const paths = Array.from({ length: parts }, (_, part) => join(job.scratch, `part-${part}`));
  const outputs: BufferedOutput[] = [];
  let read = 0;
  try {
    for (const path of paths) outputs.push(await openBuffered(path));
    for (const file of job.rows) {
      for await (const line of linesOf(file)) {
        if (line.length === 0) continue;
        const record = JSON.parse(line.toString()) as {
          kind: string;
          page: number;
          index: number;
          row: Record<string, unknown>;
        };
        if (record.kind !== 'row') continue;
        const keyText = keyTextOf(key, record.row);
        const keyed = writeKeyed({ page: record.page, index: record.index, key: keyText, line });
        await outputs[hashOf(keyText) % parts]?.write(keyed);
        read += 1;
        if (read % PROGRESS_ROWS === 0) {
          job.signal?.throwIfAborted();
          job.onProgress({ phase: 'reading', rows: read });
        }
      }
    }
  } finally {
    for (const output of outputs) await output.close();
  }
  job.onProgress({ phase: 'reading', rows: read });
  return { paths, read };
}

function columnNamed(columns: readonly Column[], name: string): Column {
  const column = columns.find((candidate) => candidate.name === name);
  if (!column) throw new Error(`the key names ${JSON.stringify(name)}, which is no column`);
  return column;
}

async function winnersOf(path: string): Promise<KeyedLine[]> {
  const winners = new Map<string, KeyedLine>();
  for await (const bytes of linesOf(path)) {
    const keyed = readKeyed(bytes);
    const other = winners.get(keyed.key);
    if (other && !isBefore(other, keyed)) continue;
    // A copy: the line is a view of a whole read, which would stay in memory with it.
    winners.set(keyed.key, { ...keyed, line: Buffer.from(keyed.line) });
  }
  return [...winners.values()].sort((a, b) => a.page - b.page || a.index - b.index);
}

async function* linesOf(path: string): AsyncGenerator<Buffer> {
  const reader = await openLines(path);
  try {
    for (let lines = await reader.next(); lines; lines = await reader.next()) yield* lines;
  } finally {
    await reader.close();
  }
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
