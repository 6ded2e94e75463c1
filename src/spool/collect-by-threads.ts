/** Collects a big batch's segments by two threads, half of their bytes each: it is the longest step to a dataset. */
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Collected, type CollectPart, collect } from './collect.js';
import { inBoth } from './number-set.js';
import { sumOf } from './totals.js';
import type { Voids } from './which-counts.js';

export interface ToCollect {
  /** All of the batch's segments. */
  files: readonly string[];
  /** A folder for the runs, which is there. */
  runs: string;
  voids: Voids;
  /** Bytes of segments from which on there are two threads; default 64 MB. */
  worthAThread?: number | undefined;
}

/** A thread is there after some 50 ms, in which this much is collected; it holds 50 MB. */
const WORTH_A_THREAD = 64 * 1024 * 1024;

/** From the command's chunks as from the modules; tests run sources, which a thread cannot. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/src/spool/collect-worker.js' : '../spool/collect-worker.js',
  import.meta.url,
);

/** Throws what the file system throws, and the signal's reason. */
export async function collectByThreads(
  { files, runs, voids, worthAThread = WORTH_A_THREAD }: ToCollect,
  signal: AbortSignal = new AbortController().signal,
): Promise<Omit<Collected, 'pages'>> {
  const half = availableParallelism() > 1 ? await halfOf(files, worthAThread) : files.length;
  const here: CollectPart = { files: files.slice(0, half), first: 0, name: 'run', runs, voids };
  if (half === files.length) return collect(here, signal);
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const there: CollectPart = { files: files.slice(half), first: half, name: 'more', runs, voids };
  const halves = [collect(here, either), inThread(there, either)] as const;
  for (const one of halves) one.catch((reason) => failed.abort(reason));
  await Promise.allSettled(halves); // neither writes any more
  either.throwIfAborted();
  const [a, b] = await Promise.all(halves);
  return {
    runs: [...a.runs, ...b.runs],
    totals: sumOf(a.totals, b.totals),
    repeated: new Set([...a.repeated, ...b.repeated, ...inBoth(a.pages, b.pages)]),
  };
}

/** How many files are the first half; all of them when that is all that there is worth to do. */
async function halfOf(files: readonly string[], worthAThread: number): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const all = sizes.reduce((sum, size) => sum + size, 0);
  if (all < worthAThread) return files.length;
  let before = 0;
  const half = sizes.findIndex((size) => {
    before += size;
    return before * 2 >= all;
  });
  return half + 1;
}

/** Not before it has ended: it writes files. */
async function inThread(part: CollectPart, signal: AbortSignal): Promise<Collected> {
  signal.throwIfAborted();
  const worker = new Worker(THREAD, { workerData: part });
  const stop = () => void worker.terminate();
  signal.addEventListener('abort', stop);
  try {
    return await new Promise<Collected>((resolve, reject) => {
      let collected: Collected | undefined;
      worker.once('message', (said: Collected) => {
        collected = said;
      });
      worker.once('error', reject);
      worker.once('exit', (code) => {
        if (collected !== undefined) resolve(collected);
        else reject(signal.reason ?? new Error(`a thread that collects segments ended with ${code}`));
      });
    });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
