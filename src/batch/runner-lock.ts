/**
 * Who runs a batch's state machine: a file in the batch's folder that names the process. BullMQ's lock says who may
 * run it, but a process that stood still learns too late that its lock lapsed, and in the midst of a delivery it
 * cannot let go. So nobody begins while the last runner is alive.
 *
 * A runner of this machine is known to be gone by its pid and start time, whatever became of the pid. Of one on
 * another machine only the file's age can tell: a runner touches it every few seconds.
 */
import { link, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

export interface RunnerLock {
  /** Aborts when the file is somebody else's now, or gone. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

export interface Runner {
  /** Host, boot and pid namespace: within one place a pid means the same process. */
  place: string;
  pid: number;
  /** Start time in clock ticks since boot; 0 where there is no /proc. */
  started: number;
}

const TOUCH_MS = 3_000;
/** A runner elsewhere that did not touch its file for this long is gone. */
const SILENT_MS = 60_000;
const CLAIM_MS = 10_000;

let takes = 0;

/** The lock, or the runner that has it. */
export async function takeRunnerLock(file: string): Promise<RunnerLock | Runner> {
  const own = `${file}.${process.pid}-${takes++}`;
  const text = JSON.stringify({ ...(await thisRunner()), take: takes });
  try {
    await writeFile(own, text);
    for (;;) {
      const taken = await link(own, file).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false;
          throw error;
        },
      );
      if (taken) return holdLock(file, text);
      const found = await readFile(file, 'utf8').catch(() => undefined);
      if (found === undefined) continue; // just given back
      const runner = runnerOf(found);
      if (runner !== undefined && (await isAlive(runner, file))) return runner;
      await removeLock(file, found, own);
    }
  } finally {
    await rm(own, { force: true });
  }
}

function holdLock(file: string, text: string): RunnerLock {
  const lost = new AbortController();
  const isOurs = async (): Promise<boolean> => (await readFile(file, 'utf8').catch(() => undefined)) === text;
  const touching = setInterval(() => {
    const now = new Date();
    isOurs()
      .then((ours) => (ours ? utimes(file, now, now) : lost.abort(new Error('the batch has another runner'))))
      .catch(() => undefined); // a disk that refuses the touch: the next one may succeed
  }, TOUCH_MS);
  touching.unref();
  return {
    lost: lost.signal,
    async release() {
      clearInterval(touching);
      if (await isOurs()) await rm(file, { force: true });
    },
  };
}

/**
 * Only whoever holds the claim on this very text may remove it, and looks once more under the claim: what has become
 * somebody else's lock meanwhile has another text.
 */
async function removeLock(file: string, text: string, own: string): Promise<void> {
  const claim = `${file}.stale`;
  const claimed = await link(own, claim).then(
    () => true,
    () => false,
  );
  if (!claimed) {
    const { mtimeMs } = await stat(claim).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > CLAIM_MS) await rm(claim, { force: true }); // its holder was killed
    await delay(5);
    return;
  }
  try {
    if ((await readFile(file, 'utf8').catch(() => undefined)) === text) await rm(file, { force: true });
  } finally {
    await rm(claim, { force: true });
  }
}

/** True while the process that the file names runs the batch. */
export async function isRun(file: string): Promise<boolean> {
  const found = await readFile(file, 'utf8').catch(() => undefined);
  const runner = found === undefined ? undefined : runnerOf(found);
  return runner !== undefined && (await isAlive(runner, file));
}

async function isAlive(runner: Runner, file: string): Promise<boolean> {
  if (runner.place === (await placeOf())) return (await startTimeOf(runner.pid)) === runner.started;
  const touched = await stat(file).catch(() => undefined);
  return touched !== undefined && Date.now() - touched.mtimeMs < SILENT_MS;
}

function runnerOf(text: string): Runner | undefined {
  try {
    const { place, pid, started } = JSON.parse(text) as Runner;
    return { place, pid, started };
  } catch {
    return undefined; // torn by a power cut
  }
}

async function thisRunner(): Promise<Runner> {
  return { place: await placeOf(), pid: process.pid, started: (await startTimeOf(process.pid)) ?? 0 };
}

async function placeOf(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${hostname()} ${boot.trim()} ${namespace}`;
}

async function startTimeOf(pid: number): Promise<number | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (line !== undefined) {
    const [state, ...fields] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : Number(fields[18]);
  }
  if (process.platform === 'linux') return undefined;
  try {
    process.kill(pid, 0);
    return 0;
  } catch {
    return undefined;
  }
}
