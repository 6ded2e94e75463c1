/** The browsers of a process of the farm: as many pages and as much memory as it may use. */
import path from 'node:path';
import { type BrowserPool, createBrowserPool } from '../../browser-pool/index.js';
import { PRODUCT } from '../discovery/user-agent.js';
import type { OnBatchEvent } from './events.js';
import { memoryBudgetMb } from './worker-slots.js';

export interface FarmBrowsersOptions {
  home: string;
  executablePath: string | undefined;
  /** Pages at once, at most. */
  concurrency: number;
  /** How often a headless shell draws a page. */
  frames: 'seldom' | 'usual';
  /** Most memory of one process of a browser, MB; 0: no bound. */
  maxProcessMb: number;
  /** Memory of one browser, MB; 0: no budget. Undefined: a share of what this process and its browsers may use. */
  maxBrowserMb: number | undefined;
  /** For this process and its browsers, MB; 0: no bound. Undefined: a share of what there is. */
  maxMemoryMb: number | undefined;
  onEvent: OnBatchEvent;
}

/** The rest is for this process and for a successor, which starts before its predecessor has gone. */
const BROWSER_SHARE = 0.6;
/** Less, and a few pages would be over it in any browser: there the process's own slots go instead. */
const LEAST_MB = 1_024;

export function createFarmBrowsers(options: FarmBrowsersOptions): BrowserPool {
  const { home, executablePath, concurrency, frames, maxProcessMb, onEvent } = options;
  const budgetMb = browserBudgetMb(options);
  return createBrowserPool({
    maxPages: concurrency,
    temp: path.join(home, 'browsers'),
    frames,
    maxProcessMb,
    maxBrowserMb: budgetMb,
    product: PRODUCT,
    ...(executablePath === undefined ? {} : { executablePath }),
    onEvent(event) {
      if (event.kind === 'browser.crashed') onEvent({ kind: 'browser.crashed', reason: event.reason });
      if (event.kind === 'browser.retired' && event.why === 'memory')
        onEvent({ kind: 'browser.retired', why: 'memory', memoryMb: event.memoryMb, budgetMb });
      if (event.kind === 'page.retired' && event.why === 'memory')
        onEvent({ kind: 'page.retired', why: 'memory' });
    },
  });
}

/** MB; 0: none. */
export function browserBudgetMb({
  maxBrowserMb,
  maxMemoryMb,
}: Pick<FarmBrowsersOptions, 'maxBrowserMb' | 'maxMemoryMb'>): number {
  if (maxBrowserMb !== undefined) return maxBrowserMb;
  const mayUseMb = memoryBudgetMb(maxMemoryMb);
  return Number.isFinite(mayUseMb) ? Math.max(LEAST_MB, Math.floor(mayUseMb * BROWSER_SHARE)) : 0;
}
