// @ts-check
/** A folder on a disk of its own that can be filled: a tmpfs, where this user may mount one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Room for the batch many times over, and filled within a moment. */
const SIZE = '64m';
const BLOCK_BYTES = 4 << 20;

/** @type {boolean | undefined} */
let allowed;

/** As root, and where containers are allowed to. */
export function maySmallDisk() {
  if (allowed === undefined) {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'thresh-storm-'));
    allowed = mountSmallDisk(dir);
    unmountSmallDisk(dir);
    rmdirSync(dir);
  }
  return allowed;
}

/**
 * @param {string} dir
 * @returns {boolean}
 */
export function mountSmallDisk(dir) {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', dir]).status === 0;
}

/** @param {string} dir */
export function unmountSmallDisk(dir) {
  spawnSync('umount', ['-l', dir]);
}

/**
 * Takes all room of the disk, to the last byte.
 * @param {string} dir
 * @returns {Promise<() => Promise<void>>} frees it
 */
export async function fill(dir) {
  const file = path.join(dir, 'filler');
  const handle = await open(file, 'w');
  for (const size of [BLOCK_BYTES, 1 << 12, 1]) {
    const block = Buffer.alloc(size);
    for (;;) {
      const written = await handle.write(block).catch(() => undefined);
      if (written === undefined || written.bytesWritten < size) break;
    }
  }
  await handle.close();
  return () => rm(file, { force: true });
}
