/**
 * A browser pool in a temp folder of its own, beside a small server. `close` proves that no process and no folder of
 * it is left.
 */
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import {
  type BrowserPool,
  createBrowserPool,
  type LeaseSpec,
  type PoolEvent,
  type PoolOptions,
} from '../../../browser-pool/index.js';
import { processesOf } from '../../../browser-pool/leftovers.js';

export interface PoolLab {
  temp: string;
  pool: BrowserPool;
  events: PoolEvent[];
  /** The processes of the pool's browsers, the main one of each first. */
  browserProcesses(): Promise<number[]>;
  close(): Promise<void>;
}

export async function openPool(options: Partial<PoolOptions> = {}): Promise<PoolLab> {
  const temp = options.temp ?? (await mkdtemp(path.join(os.tmpdir(), 'thresh-pool-')));
  const events: PoolEvent[] = [];
  const pool = createBrowserPool({ maxPages: 2, onEvent: (event) => events.push(event), ...options, temp });
  return {
    temp,
    pool,
    events,
    browserProcesses: async () => mainProcesses(temp),
    async close() {
      await pool.close();
      expect(processesOf(temp)).toEqual([]);
      expect(await readdir(temp)).toEqual([]);
      await rm(temp, { recursive: true });
    },
  };
}

/** Processes of browsers under the folder that are no child process of Chromium's own: those have a `--type`. */
export async function mainProcesses(temp: string): Promise<number[]> {
  const mains: number[] = [];
  for (const pid of processesOf(temp)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
    if (/chrom|headless/.test(program) && !command.includes('--type=')) mains.push(pid);
  }
  return mains;
}

export const anyone = (identity = 'anyone'): LeaseSpec => ({ identity, context: {}, block: false });

export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}

export interface Site {
  url: string;
  /** The same server under another origin. */
  otherUrl: string;
  /** Paths asked for so far. */
  asked: string[];
  close(): Promise<void>;
}

const PIXEL = Buffer.from('R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==', 'base64');
const TYPES: Record<string, string> = { js: 'text/javascript', css: 'text/css', json: 'application/json' };

/** Serves HTML at the given paths, a pixel under `/pixel`, no answer at `/slow`, events at `/events`, and by its ending whatever else. */
export async function openSite(pages: Record<string, string> = {}): Promise<Site> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    asked.push(pathname);
    const ending = /\.(\w+)$/.exec(pathname)?.[1] ?? '';
    const picture = pathname.startsWith('/pixel');
    response.setHeader('content-type', picture ? 'image/gif' : (TYPES[ending] ?? 'text/html'));
    if (pathname === '/slow') return; // for ever
    if (pathname === '/events')
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    response.setHeader('cache-control', pathname.startsWith('/cached') ? 'max-age=3600' : 'no-store');
    response.end(picture ? PIXEL : (pages[pathname] ?? (ending === '' ? '<body>page</body>' : '/**/')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    otherUrl: `http://localhost:${port}`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
