/** Moves finished files to where they belong, all of them or none. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface PublishedFile {
  name: string;
  rows: number;
  bytes: number;
  /** Hex. */
  sha256: string;
}

/**
 * Makes the files durable and moves them into `folder`, also from another file system. When one cannot be moved, those
 * that were are removed again.
 */
export async function publish(
  files: readonly { path: string; rows: number }[],
  folder: string,
): Promise<PublishedFile[]> {
  await mkdir(folder, { recursive: true });
  const moved: string[] = [];
  try {
    const published: PublishedFile[] = [];
    for (const { path, rows } of files) {
      const digest = await digestOf(path);
      await makeDurable(path);
      const target = join(folder, basename(path));
      await move(path, target);
      moved.push(target);
      published.push({ name: basename(path), rows, ...digest });
    }
    await makeDurable(folder);
    return published;
  } catch (error) {
    for (const path of moved) await rm(path, { force: true });
    throw error;
  }
}

async function digestOf(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function makeDurable(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // Another file system: the copy gets its name only when it is whole.
    const partial = `${to}.partial`;
    try {
      await copyFile(from, partial);
      await makeDurable(partial);
      await rename(partial, to);
    } catch (copyError) {
      await rm(partial, { force: true });
      throw copyError;
    }
    await rm(from, { force: true });
  }
}
