/**
 * Bounds on the memory of one browser, so that a page which eats memory ends before the machine does. While leases are
 * out it looks twice a second. The browser itself names its processes, /proc their memory; elsewhere than on Linux
 * nothing is watched.
 *
 * *A process* over its bound is killed. Of a renderer Chromium tells its page, and each page has a renderer of its own
 * (see `browser.ts`). What a page makes grow elsewhere (blobs lie in the browser's main process) cannot be laid to it,
 * so there the whole browser is killed. A renderer over half the bound is *heavy*: its page does not serve again. Nobody
 * says which renderer is whose, but a page can be asked what its scripts and its document hold, and an ordinary one
 * holds no more than a tenth of what it takes to be heavy.
 *
 * *The browser* as a whole has a budget (browser-budget.ts). What runs away is the one renderer that holds more than
 * half of it all, else the browser.
 *
 * For the sum, what each process has for itself or shares with its siblings is added up, and the pages of files
 * (Chromium's own code, mapped by all of them) are counted once. Shared buffers are counted on both sides, so it is a
 * little too much. Resident memory would count Chromium's code with every process, several times what there is.
 *
 * A browser that does not even answer the look is killed: it would hold its pages up until their time is over, each.
 */
import type { Browser, CDPSession } from 'playwright';
import { createBrowserBudget } from './browser-budget.js';
import { processesOf } from './leftovers.js';
import { commandOf, kill, memoryOf, proportionalMbOf } from './process-memory.js';

export interface MemoryWatch {
  /** Looks on until the function that it returns is called. */
  hold(): () => void;
  /** Why a renderer that has just crashed was killed, in words; undefined when it was not killed here. */
  takeRendererKill(): string | undefined;
  /** Why the browser was killed, in words; undefined when it was not killed here. */
  browserKill(): string | undefined;
  /** Of all its processes at the last look; 0 before the first, and where nothing is watched. */
  totalMb(): number;
  /** CPU time that its processes have used so far, those that ended included up to the last look. */
  cpuSeconds(): number;
  /** A page that holds more than this, MB, does not serve again; Infinity while none of its renderers is heavy. */
  heaviestPageMb(): number;
}

export interface MemoryWatchOptions {
  /** Stands on the command line of the browser's main process. */
  folder: string;
  /** Resident memory of one process; 0: no bound. */
  maxProcessMb: number;
  /** Memory of all processes together; 0: no bound. */
  maxBrowserMb: number;
  /** After this long without an answer it is killed, ms. */
  silentTimeoutMs: number;
  /** It is over its budget and does not run away: said every few seconds while that is so. */
  onOver: (memoryMb: number) => void;
}

/** A page fills about 1 GB a second at most, and a look costs 2 to 3 ms of CPU. */
const LOOK_MS = 500;
/** Chromium tells of a dead renderer within milliseconds; a crash later than this has another cause. */
const TOLD_WITHIN_MS = 5_000;

/** Shares of what a process may use. */
const HEAVY_RENDERER = 1 / 2;
const HEAVY_PAGE = 1 / 8;

interface Seen {
  pid: number;
  type: string;
  residentMb: number;
}

export function watchMemory(browser: Browser, options: MemoryWatchOptions): MemoryWatch {
  const { folder, maxBrowserMb, onOver } = options;
  const mostMb = options.maxProcessMb === 0 ? Number.POSITIVE_INFINITY : options.maxProcessMb;
  const budget = createBrowserBudget(maxBrowserMb);
  /** Counted in looks that could not begin, not in time: a process of ours that stood still has not heard the answer. */
  const silentLooks = Math.ceil(options.silentTimeoutMs / LOOK_MS);
  const rendererKills: { why: string; at: number }[] = [];
  let browserKill: string | undefined;
  let holders = 0;
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let missedLooks = 0;
  let session: CDPSession | undefined;
  let totalMb = 0;
  let endedSeconds = 0;
  let aliveSeconds = new Map<number, number>();
  let isHeavy = false;

  function killRenderer(pid: number, why: string): void {
    rendererKills.push({ why: `${why}, and was stopped`, at: Date.now() });
    kill(pid);
  }

  function killBrowser(pids: readonly number[], why: string): void {
    browserKill = `the browser was stopped: ${why}`;
    for (const pid of pids) kill(pid);
  }

  async function look(): Promise<void> {
    session ??= await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const main = processInfo.find(({ type }) => type === 'browser')?.id;
    // In a process namespace of its own the browser's numbers would be those of strangers here.
    if (main === undefined || !commandOf(main).includes(`${folder}/`)) return;
    countCpu(processInfo);
    let ownMb = 0;
    let fileMb = 0;
    const seen: Seen[] = [];
    for (const { id: pid, type } of processInfo) {
      const memory = memoryOf(pid);
      ownMb += memory.ownMb;
      fileMb = Math.max(fileMb, memory.fileMb);
      const { residentMb } = memory;
      seen.push({ pid, type, residentMb });
      if (residentMb <= mostMb) continue;
      const used = `used ${Math.round(residentMb)} MB of memory, where ${mostMb} MB are the most`;
      if (type === 'renderer') killRenderer(pid, `the page ${used}`);
      else killBrowser([main], `its process '${type}' ${used}`);
    }
    totalMb = ownMb + fileMb;
    isHeavy = seen.some(
      ({ type, residentMb }) => type === 'renderer' && residentMb > mostMb * HEAVY_RENDERER,
    );
    if (budget.wantsExact(totalMb, performance.now())) await lookCloser(main, seen);
  }

  function countCpu(processes: readonly { id: number; cpuTime: number }[]): void {
    const alive = new Map(processes.map(({ id, cpuTime }) => [id, cpuTime]));
    for (const [pid, seconds] of aliveSeconds) if (!alive.has(pid)) endedSeconds += seconds;
    aliveSeconds = alive;
  }

  async function lookCloser(main: number, seen: readonly Seen[]): Promise<void> {
    const exactMb = (await proportionalMbOf(seen.map(({ pid }) => pid))) ?? totalMb;
    const verdict = budget.judge(exactMb);
    if (verdict === 'over') onOver(Math.round(exactMb));
    if (verdict !== 'runaway') return;
    const together = `used ${Math.round(exactMb)} MB of memory, where ${maxBrowserMb} MB are its budget`;
    const worst = seen
      .filter(({ type }) => type === 'renderer')
      .reduce<Seen | undefined>(
        (a, b) => (a !== undefined && a.residentMb >= b.residentMb ? a : b),
        undefined,
      );
    if (worst !== undefined && worst.residentMb > exactMb / 2) {
      const mb = Math.round(worst.residentMb);
      killRenderer(worst.pid, `the page used ${mb} MB of memory while its browser ${together}`);
    } else killBrowser([main], `it ${together}`);
  }

  function lookOnce(): void {
    if (looking) {
      missedLooks += 1;
      if (missedLooks === silentLooks)
        killBrowser(processesOf(folder), `it did not answer for ${(silentLooks * LOOK_MS) / 1_000} seconds`);
      return;
    }
    looking = true;
    missedLooks = 0;
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
    cpuSeconds: () => [...aliveSeconds.values()].reduce((sum, seconds) => sum + seconds, endedSeconds),
    heaviestPageMb: () => (isHeavy ? mostMb * HEAVY_PAGE : Number.POSITIVE_INFINITY),
  };
}
