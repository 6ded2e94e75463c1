/**
 * A bound on the memory of each process of one browser, so that a page which eats memory ends before the machine does.
 * A renderer over it is killed: Chromium tells its page, and each page has a renderer of its own (see `browser.ts`). What
 * a page makes grow elsewhere (blobs lie in the browser's main process) cannot be laid to it, so there the whole
 * browser is killed. The browser itself names its processes, /proc their resident memory; elsewhere than on Linux
 * nothing is watched.
 *
 * The same look adds up the memory of the whole browser: what each process has for itself or shares with its siblings,
 * and the pages of files (Chromium's own code, mapped by all of them) once. Shared buffers are counted on both sides, so
 * it is a little too much. Resident memory would count Chromium's code with every process, several times what there is;
 * the proportional share (PSS) is exact, but the kernel walks all page tables for it, a hundred times the cost.
 */
import { readFileSync } from 'node:fs';
import type { Browser, CDPSession } from 'playwright';

export interface MemoryWatch {
  /** Looks on until the function that it returns is called. */
  hold(): () => void;
  /** Why a renderer that has just crashed was killed, in words; undefined when it was not killed here. */
  takeRendererKill(): string | undefined;
  /** Why the browser was killed, in words; undefined when it was not killed here. */
  browserKill(): string | undefined;
  /** Of all its processes at the last look; 0 before the first, and where nothing is watched. */
  totalMb(): number;
}

export interface MemoryWatchOptions {
  /** Stands on the command line of the browser's main process. */
  folder: string;
  /** Resident memory of one process; 0: no bound. */
  maxProcessMb: number;
}

/** A page fills about 1 GB a second at most, and a look costs 2 to 3 ms of CPU. */
const LOOK_MS = 500;
/** Chromium tells of a dead renderer within milliseconds; a crash later than this has another cause. */
const TOLD_WITHIN_MS = 5_000;

export function watchMemory(browser: Browser, { folder, maxProcessMb }: MemoryWatchOptions): MemoryWatch {
  const rendererKills: { why: string; at: number }[] = [];
  let browserKill: string | undefined;
  let holders = 0;
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let session: CDPSession | undefined;
  let totalMb = 0;
  const most = maxProcessMb === 0 ? Number.POSITIVE_INFINITY : maxProcessMb;

  async function look(): Promise<void> {
    session ??= await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const main = processInfo.find(({ type }) => type === 'browser')?.id;
    // In a process namespace of its own the browser's numbers would be those of strangers here.
    if (main === undefined || !commandOf(main).includes(`${folder}/`)) return;
    let ownMb = 0;
    let fileMb = 0;
    for (const { id, type } of processInfo) {
      const memory = memoryOf(id);
      ownMb += memory.ownMb;
      fileMb = Math.max(fileMb, memory.fileMb);
      const mb = Math.round(memory.residentMb);
      if (mb <= most) continue;
      const bound = `${mb} MB of memory, where ${most} MB are the most`;
      if (type === 'renderer') {
        rendererKills.push({ why: `the page used ${bound}, and was stopped`, at: Date.now() });
        kill(id);
      } else {
        browserKill = `the browser was stopped: its process '${type}' used ${bound}`;
        kill(main);
      }
    }
    totalMb = ownMb + fileMb;
  }

  function lookOnce(): void {
    if (looking) return;
    looking = true;
    look()
      .catch(() => undefined) // the browser is gone, or about to be
      .finally(() => {
        looking = false;
      });
  }

  return {
    hold() {
      if (process.platform !== 'linux') return () => undefined;
      holders += 1;
      timer ??= setInterval(lookOnce, LOOK_MS);
      let held = true;
      return () => {
        if (held) holders -= 1;
        held = false;
        if (holders > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    takeRendererKill() {
      const { why, at } = rendererKills.shift() ?? {};
      if (at === undefined || Date.now() - at <= TOLD_WITHIN_MS) return why;
      return this.takeRendererKill();
    },
    browserKill: () => browserKill,
    totalMb: () => totalMb,
  };
}

interface ProcessMemory {
  residentMb: number;
  /** Also what was swapped out. */
  ownMb: number;
  fileMb: number;
}

/** All 0 for a process that is gone. */
function memoryOf(pid: number): ProcessMemory {
  const status = readProc(pid, 'status');
  const mb = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return {
    residentMb: mb('VmRSS'),
    ownMb: mb('RssAnon') + mb('RssShmem') + mb('VmSwap'),
    fileMb: mb('RssFile'),
  };
}

function commandOf(pid: number): string {
  return readProc(pid, 'cmdline');
}

/** Read at once: /proc is no disk, and a detour over the thread pool costs more than the reading. */
function readProc(pid: number, name: 'status' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself in between
  }
}
