/** A browser for one page at a time, outside of any batch: for `thresh debug` in a window where that is asked for. */
import { rmdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type BrowserPool, createBrowserPool } from '../../browser-pool/index.js';
import { PRODUCT } from '../discovery/user-agent.js';
import type { Settings } from '../settings.js';

export interface OnePageBrowser {
  pool: BrowserPool;
  isHeaded: boolean;
  close(): Promise<void>;
}

export interface WindowOptions {
  headed?: boolean;
  slowMo?: number;
  devtools?: boolean;
  /** Needs a window. */
  pause?: boolean;
}

export function openBrowser(options: WindowOptions, settings: Settings): OnePageBrowser {
  const isHeaded = options.headed === true || options.pause === true || options.devtools === true;
  // A browser with windows puts a socket there, whose path may have no more than 107 characters.
  const temp = isHeaded
    ? path.join(os.tmpdir(), `thresh-${os.userInfo().uid}`)
    : path.join(settings.home, 'browsers');
  const pool = createBrowserPool({
    maxPages: 1,
    temp,
    headless: !isHeaded,
    frames: settings.frames,
    maxProcessMb: settings.maxProcessMb,
    maxBrowserMb: settings.maxBrowserMb ?? 0,
    product: PRODUCT,
    ...(settings.chromiumPath === undefined ? {} : { executablePath: settings.chromiumPath }),
    ...(options.slowMo === undefined ? {} : { slowMoMs: options.slowMo }),
    ...(options.devtools === true ? { devtools: true } : {}),
  });
  return {
    pool,
    isHeaded,
    async close() {
      await pool.close();
      if (isHeaded) await rmdir(temp).catch(() => undefined); // another command is in it
    },
  };
}
