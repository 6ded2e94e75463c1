/**
 * What a browser of ours leaves behind, and whose it is. Each browser lives in a folder of its own under the pool's
 * `temp`, which stands on the command line of every process of that browser. It is named by the process that launched
 * it: its pid, its start time (so that a pid which was given to somebody else is told apart), and its *place*: host,
 * boot and pid namespace, within which a pid means the same process. Of a folder from another place, say of another
 * container with the same `temp`, only its age tells: whoever lives in it touches it.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { kill } from './process-memory.js';

/** Short: a socket's path may have to fit below it. */
const FOLDER = /^browser-(?<pid>\d+)-(?<started>[0-9a-z]+)-\d+(?:-(?<place>[0-9a-f]+))?$/;
const TOUCH_MS = 10 * 60_000;
/** A browser elsewhere that nobody touched for so long is gone. */
const SILENT_MS = 24 * 3_600_000;

let launched = 0;
/** Folders of this process's browsers that are not removed yet. */
const kept = new Set<string>();

/** A new folder for one browser of this process. */
export async function makeBrowserFolder(temp: string): Promise<string> {
  const started = ((await startTimeOf(process.pid)) ?? 0).toString(36);
  const name = `browser-${process.pid}-${started}-${launched++}-${place()}`;
  const folder = path.join(path.resolve(temp), name);
  if (launched === 1) {
    process.once('exit', removeAllNow);
    setInterval(touchAll, TOUCH_MS).unref();
  }
  kept.add(folder);
  await mkdir(path.join(folder, 'profile'), { recursive: true });
  await mkdir(path.join(folder, 'tmp'), { recursive: true });
  return folder;
}

function touchAll(): void {
  const now = new Date();
  for (const folder of kept) utimes(folder, now, now).catch(() => undefined); // just removed
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
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    } catch {
      // It could not even be made, or is left to the next process's sweep: no end of ours fails for it.
    }
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
    const owner = FOLDER.exec(name)?.groups;
    const folder = path.join(path.resolve(temp), name);
    if (owner === undefined || (await mayLive(owner, folder))) continue;
    await removeBrowserFolder(folder);
    swept += 1;
  }
  return swept;
}

async function mayLive(owner: Record<string, string | undefined>, folder: string): Promise<boolean> {
  if (owner.place !== place()) {
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    return Date.now() - mtimeMs < SILENT_MS;
  }
  const running = await startTimeOf(Number(owner.pid));
  return running !== undefined && (owner.started === '0' || running.toString(36) === owner.started);
}

/** Six hexadecimal digits of what it is made of. */
function place(): string {
  const parts = [
    hostname(),
    contentOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'), ''),
    contentOf(() => readlinkSync('/proc/self/ns/pid'), ''),
  ];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 6);
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
