/**
 * The lines of large NDJSON files, as bytes. Lines end at a newline byte and nowhere else: Node's readline also
 * breaks at U+2028, which JSON text may contain.
 */
import { type FileHandle, open } from 'node:fs/promises';

const NEWLINE = 0x0a;
const DEFAULT_CHUNK_BYTES = 1024 * 1024;

export interface LineReader {
  /** The next lines, as many as one read gave; undefined at the end. A last line without a newline counts. */
  next(): Promise<Buffer[] | undefined>;
  close(): Promise<void>;
}

/** Opens a file for reading by lines. The lines of one `next` share memory: copy what is to be kept. */
export async function openLines(path: string, chunkBytes = DEFAULT_CHUNK_BYTES): Promise<LineReader> {
  const file: FileHandle = await open(path, 'r');
  /** Parts of a line whose newline has not been read yet; joined once, so that long lines cost no more. */
  let pending: Buffer[] = [];
  let ended = false;
  return {
    async next() {
      const lines: Buffer[] = [];
      while (!ended && lines.length === 0) {
        const chunk = Buffer.allocUnsafe(chunkBytes);
        const { bytesRead } = await file.read(chunk, 0, chunkBytes);
        let start = 0;
        for (
          let end = chunk.indexOf(NEWLINE);
          end >= 0 && end < bytesRead;
          end = chunk.indexOf(NEWLINE, start)
        ) {
          const line = chunk.subarray(start, end);
          lines.push(pending.length > 0 ? Buffer.concat([...pending, line]) : line);
          pending = [];
          start = end + 1;
        }
        if (start < bytesRead) pending.push(chunk.subarray(start, bytesRead));
        if (bytesRead === 0) {
          ended = true;
          if (pending.length > 0) lines.push(Buffer.concat(pending));
          pending = [];
        }
      }
      return lines.length > 0 ? lines : undefined;
    },
    close: () => file.close(),
  };
}

export interface LineMeasure {
  bytes: number;
  lines: number;
  /** Bytes of the longest line. */
  longest: number;
}

/** How much stands in all the files together. */
export async function measureLines(paths: readonly string[]): Promise<LineMeasure> {
  let bytes = 0;
  let lines = 0;
  let longest = 0;
  for (const path of paths) {
    const file = await open(path, 'r');
    try {
      const chunk = Buffer.allocUnsafe(DEFAULT_CHUNK_BYTES);
      let open = 0;
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunk.length);
        if (bytesRead === 0) break;
        bytes += bytesRead;
        const part = chunk.subarray(0, bytesRead);
        let start = -open;
        for (let end = part.indexOf(NEWLINE); end >= 0; end = part.indexOf(NEWLINE, end + 1)) {
          longest = Math.max(longest, end - start);
          lines += 1;
          start = end + 1;
        }
        open = bytesRead - start;
      }
      longest = Math.max(longest, open);
    } finally {
      await file.close();
    }
  }
  return { bytes, lines, longest };
}
