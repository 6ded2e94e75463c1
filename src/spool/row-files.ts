/** The rows that count, in files of some tens of megabytes, each to be read while the next one is written. */
import path from 'node:path';
import { createLineFile, type LineFile } from './line-file.js';

/** NDJSON of `RowRecord`s and nothing else, ordered by (page, index); so are the files of one batch among each other. */
export interface RowFile {
  path: string;
  bytes: number;
  /** No line has more bytes. */
  longest: number;
  /** The numbers of its first and its last page. Of a large page's rows some may stand in the next file. */
  firstPage: number;
  lastPage: number;
}

export interface RowFiles {
  /** Whole lines of one page; not longer, each, than `longest`. Copies them. */
  write(lines: Buffer, of: { page: number; longest: number }): Promise<void> | undefined;
  /** The files that are complete and were not taken yet. */
  take(): RowFile[];
  /** Completes the last one. */
  close(): Promise<void>;
}

const FILE_BYTES = 64 * 1024 * 1024;

/** In `dir`, which its caller makes and removes. */
export function createRowFiles(dir: string): RowFiles {
  let complete: RowFile[] = [];
  let files = 0;
  let open: { lines: LineFile; file: RowFile } | undefined;

  async function begin(page: number): Promise<void> {
    const file = path.join(dir, `rows-${String(files++).padStart(5, '0')}.ndjson`);
    open = {
      lines: await createLineFile(file),
      file: { path: file, bytes: 0, longest: 0, firstPage: page, lastPage: page },
    };
  }

  async function close(): Promise<void> {
    if (open === undefined) return;
    const { lines, file } = open;
    open = undefined;
    await lines.close();
    complete.push(file);
  }

  function append(lines: Buffer, { page, longest }: { page: number; longest: number }): void {
    if (open === undefined) return;
    open.lines.write(lines);
    open.file.bytes += lines.length;
    open.file.longest = Math.max(open.file.longest, longest);
    open.file.lastPage = page;
  }

  return {
    write(lines, of) {
      if (open !== undefined && open.file.bytes < FILE_BYTES) {
        append(lines, of);
        return open.lines.settle();
      }
      return (async () => {
        await close();
        await begin(of.page);
        append(lines, of);
      })();
    },
    take() {
      const taken = complete;
      complete = [];
      return taken;
    },
    close,
  };
}
