// One set-up at a time in a clone. The lock is a file that holds its owner's pid; an owner that is gone holds nothing.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while no other process holds the lock at `path`; waits for one that does.
 *
 * @template T
 * @param {string} path
 * @param {{ onWait: (pid: number) => void, timeoutMs: number }} options `onWait` is called once, when it has to wait
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @throws {Error} when the lock was still held after `timeoutMs`
 */
export async function withLock(path, { onWait, timeoutMs }, work) {
  mkdirSync(dirname(path), { recursive: true });
  const deadline = Date.now() + timeoutMs;
  for (let waited = false; !take(path); waited = true) {
    const owner = ownerOf(path);
    if (owner !== undefined && !isAlive(owner)) {
      breakStale(path, owner);
      continue;
    }
    if (!waited && owner !== undefined) onWait(owner);
    if (Date.now() > deadline) throw new Error(`another set-up (pid ${owner}) still holds ${path}`);
    await sleep(100);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/**
 * Written beside and linked into place, so that nobody ever reads a lock without its pid.
 *
 * @param {string} path
 */
function take(path) {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${process.pid}\n`);
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * @param {string} path
 * @returns {number | undefined} undefined when the lock has just been given back
 */
function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * Moves the lock away and looks at what was moved: when somebody else broke it first and took it, it is put back.
 *
 * @param {string} path
 * @param {number} owner
 */
function breakStale(path, owner) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (ownerOf(aside) !== owner) linkSync(aside, path);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}
