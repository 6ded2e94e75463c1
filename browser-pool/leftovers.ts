/**
 * What a browser of ours leaves behind, and whose it is. Each browser lives in a folder of its own under the pool's
 * `temp`, named by the pid of the process that launched it and by that process's start time, so that a folder whose
 * owner is gone is known beyond doubt, also when the pid was given to somebody else. The folder stands on the command
 * line of every process of that browser.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { kill } from './process-memory.js';

const FOLDER = /^browser-(\d+)-(\d+)-\d+$/;
let launched = 0;
/** Folders of this process's browsers that are not removed yet. */
const kept = new Set<string>();

/** A new folder for one browser of this process. */
export async function makeBrowserFolder(temp: string): Promise<string> {
  const started = (await startTimeOf(process.pid)) ?? 0;
  const folder = path.join(path.resolve(temp), `browser-${process.pid}-${started}-${launched++}`);
  if (launched === 1) process.once('exit', removeAllNow);
  kept.add(folder);
  await mkdir(path.join(folder, 'profile'), { recursive: true });
  await mkdir(path.join(folder, 'tmp'), { recursive: true });
  return folder;
}

/** Kills what still runs out of a browser's folder, then removes it. */
export async function removeBrowserFolder(folder: string): Promise<void> {
  for (let round = 0; round < 50; round++) {
    const pids = processesOf(folder);
    for (const pid of pids) kill(pid);
    if (pids.length === 0) break;
    await delay(20);
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  kept.delete(folder);
}

/** Somebody ended the process (a second Ctrl-C, Playwright at a signal of its own) before the browsers were closed. */
function removeAllNow(): void {
  for (const folder of kept) {
    for (const pid of processesOf(folder)) kill(pid);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

/** Removes browsers and folders whose owner is dead, and only those. Returns how many. */
export async function sweepLeftovers(temp: string): Promise<number> {
  const names = await readdir(temp).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  let swept = 0;
  for (const name of names) {
    const [, pid, started] = FOLDER.exec(name) ?? [];
    if (pid === undefined || started === undefined) continue;
    const running = await startTimeOf(Number(pid));
    if (running !== undefined && (Number(started) === 0 || running === Number(started))) continue;
    await removeBrowserFolder(path.join(path.resolve(temp), name));
    swept += 1;
  }
  return swept;
}

/** Processes with the folder on their command line. On systems without /proc none can be named. */
export function processesOf(folder: string): number[] {
  return contentOf(() => readdirSync('/proc'), [])
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) =>
      contentOf(() => readFileSync(`/proc/${name}/cmdline`, 'utf8'), '').includes(`${folder}/`),
    )
    .map(Number);
}

function contentOf<T>(read: () => T, none: T): T {
  try {
    return read();
  } catch {
    return none; // no /proc, or it ended meanwhile
  }
}

/** A process's start in clock ticks since boot (field 22 of /proc/PID/stat); 0 where there is no /proc. */
async function startTimeOf(pid: number): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return process.platform === 'linux' ? undefined : isAlive(pid) ? 0 : undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
