/** Several ordered runs as one, read side by side a little at a time. */
import { isBefore, type KeyedLine, readKeyed } from './keyed-line.js';
import { type LineReader, openLines } from './ndjson-lines.js';

const CHUNK_BYTES = 64 * 1024;

interface Run {
  reader: LineReader;
  lines: Buffer[];
  at: number;
  head: KeyedLine;
}

/** All lines of the runs by (page, index). A yielded line is valid until the next is asked for. */
export async function* mergeRuns(paths: readonly string[]): AsyncGenerator<KeyedLine> {
  const readers: LineReader[] = [];
  try {
    const runs: Run[] = [];
    for (const path of paths) {
      const reader = await openLines(path, CHUNK_BYTES);
      readers.push(reader);
      const lines = await reader.next();
      const head = lines?.[0];
      if (lines && head) runs.push({ reader, lines, at: 0, head: readKeyed(head) });
    }
    // There are few runs (256 at most), so a look at each head costs less than a heap's bookkeeping.
    for (let run = earliest(runs); run; run = earliest(runs)) {
      yield run.head;
      if (!(await advance(run))) runs.splice(runs.indexOf(run), 1);
    }
  } finally {
    for (const reader of readers) await reader.close();
  }
}

function earliest(runs: readonly Run[]): Run | undefined {
  let first = runs[0];
  for (const run of runs) if (first && !isBefore(first.head, run.head)) first = run;
  return first;
}

async function advance(run: Run): Promise<boolean> {
  run.at += 1;
  if (run.at >= run.lines.length) {
    run.lines = (await run.reader.next()) ?? [];
    run.at = 0;
  }
  const line = run.lines[run.at];
  if (!line) return false;
  run.head = readKeyed(line);
  return true;
}
