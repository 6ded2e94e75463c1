/**
 * Lines of NDJSON files as bytes. Not `node:readline`, which also ends lines at U+2028 and U+2029, and those stand
 * unescaped within JSON strings.
 */
import { type FileHandle, open } from 'node:fs/promises';

const NEWLINE = 10;

/** What is done with the lines of one chunk is one piece of work: some ms, however small they are. */
const CHUNK_BYTES = 256 * 1024;

interface Range {
  start: number;
  bytes: number;
}

export interface Place extends Range {
  file: string;
}

/** The lines at a place, as `lineBatchesOf` has them. */
export async function* linesAt({ file, ...range }: Place): AsyncGenerator<Buffer[]> {
  const handle = await open(file, 'r');
  try {
    yield* lineBatchesOf(handle, range);
  } finally {
    await handle.close();
  }
}

/**
 * Lines with their newline, of the file or of a range of it, those of one read together: waiting for each of a million
 * lines takes longer than what is done with it. A last line without a newline was torn off and is not a line.
 */
async function* lineBatchesOf(handle: FileHandle, range?: Range): AsyncGenerator<Buffer[]> {
  if (range?.bytes === 0) return;
  let rest: Buffer[] = [];
  const stream = handle.createReadStream({
    autoClose: false,
    start: range?.start ?? 0,
    ...(range === undefined ? {} : { end: range.start + range.bytes - 1 }),
    highWaterMark: CHUNK_BYTES,
  });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const piece = chunk.subarray(from, end + 1);
      lines.push(rest.length === 0 ? piece : Buffer.concat([...rest, piece]));
      rest = [];
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
    if (lines.length > 0) yield lines;
  }
}

/** The records of an NDJSON file, in order; none when the file does not exist. A torn last line is left out. */
export async function* recordsOf<T>(file: string): AsyncGenerator<T> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return;
  try {
    for await (const lines of lineBatchesOf(handle))
      for (const line of lines) yield JSON.parse(line.toString('utf8')) as T;
  } finally {
    await handle.close();
  }
}

/** The lines of whole lines, with their newlines; they share its memory. */
export function* linesIn(lines: Buffer): Generator<Buffer> {
  for (let from = 0; from < lines.length; ) {
    const end = lines.indexOf(NEWLINE, from) + 1 || lines.length;
    yield lines.subarray(from, end);
    from = end;
  }
}

const ROW = Buffer.from('{"kind":"row",');

/** Of a group's lines before its commit: a row, and not a quarantined one. */
export function isRowLine(line: Buffer): boolean {
  return line.length > ROW.length && ROW.compare(line, 0, ROW.length) === 0;
}
