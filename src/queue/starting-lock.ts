/** A lock file that names its owner's pid, so that the lock of a killed owner can be taken over. */
import { link, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';

/** Longer than any start takes: an older lock's owner is gone, and its pid may be another process's by now. */
const STALE_AFTER_MS = 60_000;

let attempts = 0;

/** True when the lock is the caller's now; false when it is not, or was just freed of a dead owner: ask again. */
export async function takeLock(lock: string): Promise<boolean> {
  const own = `${lock}.${process.pid}-${attempts++}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, lock); // not created and then written: a lock without a pid could never be taken over
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(own, { force: true });
  }
  const owner = await ownerOf(lock);
  if (owner !== undefined && (await isStale(lock, owner))) await removeLockOf(owner, lock, own);
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Moved aside and looked at again before it goes: meanwhile it may have become somebody else's. */
async function removeLockOf(owner: number, lock: string, aside: string): Promise<void> {
  const moved = await rename(lock, aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await ownerOf(aside)) !== owner) await link(aside, lock).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isStale(lock: string, owner: number): Promise<boolean> {
  if (!isAlive(owner)) return true;
  const written = await stat(lock).catch(() => undefined);
  return written !== undefined && Date.now() - written.mtimeMs > STALE_AFTER_MS;
}

async function ownerOf(lock: string): Promise<number | undefined> {
  const pid = Number(await readFile(lock, 'utf8').catch(() => ''));
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}
