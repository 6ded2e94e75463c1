// @ts-check
/** `thresh run` as a user starts it, with real Chromium. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { command } from '../farm-part.mjs';
import { watchFarm } from '../watch-farm.mjs';
import { makeHome, writeTarget } from './farm-home.mjs';

/** More than any knee bears, and more than two cores can render. */
const CONCURRENCY = 16;

/**
 * @typedef {object} Ended
 * @property {number} code
 * @property {import('../../../../src/delivery/manifest.js').Report | undefined} report undefined when it was broken off
 */

/**
 * @param {{ name?: string, maxConcurrency?: number, onRetries?: (retries: number) => void, onEnd?: (ended: Ended) => void }} [listeners] `onRetries`: attempts
 *   that failed so far, whenever there are more
 * @returns {import('./request-loop.mjs').Client}
 */
export function threshRunClient({ name = 'Thresh', maxConcurrency = CONCURRENCY, onRetries, onEnd } = {}) {
  return {
    name,
    async run({ url, pages, signal, onLimit }) {
      const home = await makeHome();
      const file = await writeTarget(home, { url, pages, maxConcurrency, plain: false });
      let known = 0;
      const watch = await watchFarm({ home, target: 'knee' }, ({ limit, retries }) => {
        if (limit !== undefined) onLimit(limit);
        if (retries > known) onRetries?.(retries);
        known = Math.max(known, retries);
      });
      const args = ['run', file, '--json', '--date', '2026-03-01', '--concurrency', String(CONCURRENCY)];
      const child = spawn(process.execPath, [command, ...args], {
        cwd: home,
        env: { ...process.env, NO_COLOR: '1', THRESH_HOME: home, THRESH_OUT: path.join(home, 'out') },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
      try {
        const [stdout, stderr, [code]] = await Promise.all([
          text(child.stdout),
          text(child.stderr),
          once(child, 'exit'),
        ]);
        if (stdout === '' && !signal.aborted) throw new Error(`thresh run ended with ${code}:\n${stderr}`);
        /** @type {Ended['report']} */
        const report = stdout === '' ? undefined : JSON.parse(stdout);
        onEnd?.({ code, report });
        return { givenUp: report?.pages.dead ?? 0 };
      } finally {
        await watch.stop();
        await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
      }
    },
  };
}
