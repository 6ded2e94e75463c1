/** Somebody's browser, as it looks at the dashboard: what it leaves in the temp folder goes with it. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Browser, chromium } from 'playwright';
import { findChromium } from '../../browser-pool/find-chromium.mjs';

export interface Visitor {
  browser: Browser;
  close(): Promise<void>;
}

export async function openVisitor(): Promise<Visitor> {
  const temp = await mkdtemp(path.join(os.tmpdir(), 'thresh-visitor-'));
  const browser = await chromium.launch({
    executablePath: findChromium()?.path ?? '',
    env: { ...process.env, TMPDIR: temp } as Record<string, string>,
  });
  return {
    browser,
    async close() {
      await browser.close();
      await rm(temp, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}
