/** A file that lines are written to, many at once: a write of each costs more than the line. */
import { open } from 'node:fs/promises';

export interface LineFile {
  path: string;
  /** Copies whole lines, with their newlines. */
  write(lines: Buffer): void;
  /** To be awaited now and then: what was copied goes to the file, and takes memory until it has. */
  settle(): Promise<void> | undefined;
  close(): Promise<void>;
}

const BLOCK_BYTES = 256 * 1024;

/** Makes an empty file. `blockBytes`, default 256 KB: what is written at once. */
export async function createLineFile(path: string, blockBytes = BLOCK_BYTES): Promise<LineFile> {
  const handle = await open(path, 'w');
  let block = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  let full: Buffer[] = [];

  function turnOver(): void {
    if (filled === 0) return;
    full.push(block.subarray(0, filled));
    block = Buffer.allocUnsafe(blockBytes);
    filled = 0;
  }

  async function empty(): Promise<void> {
    const blocks = full;
    full = [];
    for (const bytes of blocks) await handle.writeFile(bytes);
  }

  return {
    path,
    write(lines) {
      if (lines.length > blockBytes) {
        turnOver();
        full.push(Buffer.from(lines));
        return;
      }
      if (filled + lines.length > blockBytes) turnOver();
      filled += lines.copy(block, filled);
    },
    settle: () => (full.length > 0 ? empty() : undefined),
    async close() {
      try {
        turnOver();
        await empty();
      } finally {
        await handle.close();
      }
    },
  };
}
