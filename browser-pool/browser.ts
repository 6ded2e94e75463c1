/** One Chromium: launched into a folder of its own, gone with everything of it when it is closed. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Browser, BrowserContext } from 'playwright';
import { reasonOf, ThreshError } from '../src/errors.js';
import { bounded } from './bounded.js';
import { DISABLED_FEATURES } from './disabled-features.mjs';
import { findChromium } from './find-chromium.mjs';
import { createFramePump, FRAME_PUMP_FLAG, type FramePump, hasFramePump } from './frame-pump.js';
import { makeBrowserFolder, removeBrowserFolder } from './leftovers.js';
import { type MemoryWatch, watchMemory } from './memory-watch.js';

export interface LaunchOptions {
  /** Default: the first that `findChromium` finds. */
  executablePath?: string;
  /** Default true. */
  headless?: boolean;
  slowMoMs?: number;
  devtools?: boolean;
  temp: string;
  /** Default 30,000. */
  launchTimeoutMs?: number;
  /** Default 5,000; then the processes are killed. */
  closeTimeoutMs?: number;
  /**
   * Most resident memory of one process of a browser, MB; more, and it is killed. Watched on Linux only. 0: no bound.
   * Default 2,048: a catalogue page takes 100 to 300, and what takes ten times that will take all there is.
   */
  maxProcessMb?: number;
  /** Memory of all processes of a browser together, MB; one that is over it is replaced, at half as much more it is killed. 0: no budget. Default 0. */
  maxBrowserMb?: number;
  /**
   * `seldom`: a headless shell begins a page's frames some thirty times a second, and only while a lease works with it:
   * a third to a half of the CPU. `usual`: as the browser does by itself. Default `seldom`.
   */
  frames?: 'seldom' | 'usual';
  /** A browser with leases out that gives no answer at all for so long is killed. Watched on Linux only. Default 10,000. */
  silentTimeoutMs?: number;
}

export interface LaunchedBrowser {
  readonly browser: Browser;
  readonly memory: MemoryWatch;
  /** Undefined: frames come by themselves. */
  readonly frames: FramePump | undefined;
  /** Aborts when the browser is gone, whatever the cause; its reason says in words what happened. */
  readonly gone: AbortSignal;
  close(): Promise<void>;
}

/**
 * Quiet: no calls home, no updates, no first-run pages. And no two pages in one renderer: Chromium lets them share
 * when there are more than the machine's memory seems good for, and then a renderer's death would fail all of them.
 */
const ARGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--renderer-process-limit=10000',
  `--disable-features=${DISABLED_FEATURES.join()}`,
];

/** `onOver`: it is over its budget of memory. Throws BROWSER_UNAVAILABLE with the reason that Chromium itself gave. */
export async function launchBrowser(
  options: LaunchOptions,
  onOver: (memoryMb: number) => void = () => undefined,
): Promise<LaunchedBrowser> {
  const headless = options.headless ?? true;
  const executablePath = options.executablePath ?? find(!headless);
  const isPumped = headless && options.frames !== 'usual' && hasFramePump(executablePath);
  const folder = await makeBrowserFolder(options.temp);
  const isRoot = process.getuid?.() === 0;
  let context: BrowserContext;
  try {
    // Here and not above: it takes a command that renders nothing as long to load as all else together. By `require`:
    // `import` would first read its megabytes of CommonJS for the names that it exports, 0.3 s of CPU.
    const { chromium } = createRequire(import.meta.url)('playwright') as typeof import('playwright');
    context = await chromium.launchPersistentContext(path.join(folder, 'profile'), {
      executablePath,
      headless,
      chromiumSandbox: !isRoot,
      args: [
        ...ARGS,
        ...(isPumped ? [FRAME_PUMP_FLAG] : []),
        ...(options.devtools === true ? ['--auto-open-devtools-for-tabs'] : []),
      ],
      // Else Playwright makes folders of its own in the system's temp folder, which a SIGKILL would leave there.
      artifactsDir: path.join(folder, 'tmp'),
      tracesDir: path.join(folder, 'tmp'),
      downloadsPath: path.join(folder, 'tmp'),
      env: { ...process.env, TMPDIR: path.join(folder, 'tmp') } as Record<string, string>,
      timeout: options.launchTimeoutMs ?? 30_000,
      handleSIGHUP: false,
      handleSIGINT: false,
      handleSIGTERM: false,
      ...(options.slowMoMs === undefined ? {} : { slowMo: options.slowMoMs }),
    });
  } catch (error) {
    await removeBrowserFolder(folder);
    throw notStarted(executablePath, error);
  }
  const browser = context.browser();
  if (browser === null) throw unavailable('the browser has no handle', 'report this as a bug');
  const memory = watchMemory(browser, {
    folder,
    maxProcessMb: options.maxProcessMb ?? 2_048,
    maxBrowserMb: options.maxBrowserMb ?? 0,
    silentTimeoutMs: options.silentTimeoutMs ?? 10_000,
    onOver,
  });
  const frames = isPumped ? createFramePump(browser) : undefined;
  const gone = new AbortController();
  const wentAway = (): void =>
    gone.abort(memory.browserKill() ?? 'the browser went away while the page was at work');
  browser.on('disconnected', wentAway);
  let closing: Promise<void> | undefined;
  return {
    browser,
    memory,
    frames,
    gone: gone.signal,
    close() {
      closing ??= (async () => {
        await bounded(context.close(), options.closeTimeoutMs ?? 5_000);
        wentAway();
        await removeBrowserFolder(folder);
      })();
      return closing;
    },
  };
}

function find(headed: boolean): string {
  let found: string | undefined;
  try {
    found = findChromium({ headed })?.path;
  } catch (error) {
    throw unavailable(reasonOf(error), 'set CHROMIUM_PATH to a Chromium, or unset it', error);
  }
  if (found !== undefined) return found;
  throw unavailable(
    headed ? 'no Chromium on this machine that can open a window' : 'no Chromium on this machine',
    'run `npm run setup`, or set CHROMIUM_PATH to one',
  );
}

function notStarted(executablePath: string, error: unknown): ThreshError {
  const text = error instanceof Error ? error.message : String(error);
  const library = /error while loading shared libraries: ([^:\s]+)/.exec(text)?.[1];
  if (library !== undefined)
    return unavailable(
      `${executablePath} lacks the library ${library}`,
      'run `npm run setup`, or install it by the system package manager',
      error,
    );
  if (/no usable sandbox|setuid sandbox|namespace/i.test(text)) {
    return unavailable(
      `${executablePath} finds no usable sandbox`,
      "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, or the container's seccomp profile)",
      error,
    );
  }
  if (/Missing X server|cannot open display|DISPLAY/i.test(text)) {
    return unavailable(
      'there is no display to open a window on',
      'run it under `xvfb-run -a`, log in with a desktop, or leave --headed away',
      error,
    );
  }
  if (/ENOENT|doesn't exist/i.test(text))
    return unavailable(
      `${executablePath} does not exist`,
      'set CHROMIUM_PATH to a Chromium, or unset it',
      error,
    );
  if (/EACCES/.test(text))
    return unavailable(
      `${executablePath} cannot be executed`,
      'set CHROMIUM_PATH to a Chromium, or unset it',
      error,
    );
  // Debian's launcher script complains of its own affairs first; the browser's own lines carry a level.
  const said = /\[err\] (.*(?:ERROR|FATAL).*)/.exec(text)?.[1] ?? /\[err\] (.+)/.exec(text)?.[1];
  return unavailable(
    `${executablePath} does not start: ${(said ?? reasonOf(error)).slice(0, 300)}`,
    'try it by hand with --headless --dump-dom about:blank',
    error,
  );
}

function unavailable(message: string, mend: string, cause?: unknown): ThreshError {
  return new ThreshError(message, {
    code: 'BROWSER_UNAVAILABLE',
    scope: 'batch',
    retry: 'later',
    mend,
    cause,
  });
}
