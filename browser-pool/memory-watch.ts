/**
 * A bound on the memory of each process of one browser, so that a page which eats memory ends before the machine does.
 * A renderer over it is killed: Chromium tells its page, and each page has a renderer of its own (see `browser.ts`). What
 * a page makes grow elsewhere (blobs lie in the browser's main process) cannot be laid to it, so there the whole
 * browser is killed. The browser itself names its processes, /proc their resident memory; elsewhere than on Linux
 * nothing is watched.
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

  async function look(): Promise<void> {
    session ??= await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const main = processInfo.find(({ type }) => type === 'browser')?.id;
    // In a process namespace of its own the browser's numbers would be those of strangers here.
    if (main === undefined || !commandOf(main).includes(`${folder}/`)) return;
    for (const { id, type } of processInfo) {
      const mb = residentMb(id);
      if (mb <= maxProcessMb) continue;
      const bound = `${mb} MB of memory, where ${maxProcessMb} MB are the most`;
      if (type === 'renderer') {
        rendererKills.push({ why: `the page used ${bound}, and was stopped`, at: Date.now() });
        kill(id);
      } else {
        browserKill = `the browser was stopped: its process '${type}' used ${bound}`;
        kill(main);
      }
    }
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
      if (process.platform !== 'linux' || maxProcessMb === 0) return () => undefined;
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
  };
}

/** 0 for a process that is gone. */
function residentMb(pid: number): number {
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(readProc(pid, 'status'))?.[1];
  return Math.round(Number(kb ?? 0) / 1024);
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
