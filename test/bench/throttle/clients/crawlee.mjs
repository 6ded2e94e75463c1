// @ts-check
/** Crawlee in a process of its own, as its documentation starts it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

const peers = path.resolve(import.meta.dirname, '../../peers');

/**
 * `maxConcurrency` undefined: its default, as all else.
 * @param {{ kind: 'http' | 'playwright', maxConcurrency?: number | undefined, executablePath?: string | undefined }} settings
 * @returns {import('./request-loop.mjs').Client}
 */
export function crawleeClient({ kind, maxConcurrency, executablePath }) {
  const crawler = kind === 'http' ? 'HttpCrawler' : 'PlaywrightCrawler';
  return {
    name: `Crawlee ${crawler}, ${maxConcurrency === undefined ? 'defaults' : `maxConcurrency ${maxConcurrency}`}`,
    async run({ url, pages, signal, onLimit }) {
      const options = JSON.stringify({ url, pages, maxConcurrency, executablePath });
      const child = spawn(process.execPath, [path.join(peers, `crawlee-${kind}.mjs`), options], {
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true, // its browser goes with it
      });
      const ended = once(child, 'exit');
      signal.addEventListener('abort', () => child.pid !== undefined && killGroup(child.pid), { once: true });
      let givenUp = 0;
      let isDone = false;
      for await (const line of createInterface({ input: child.stdout })) {
        const said = JSON.parse(line);
        if (said.limit !== undefined) onLimit(said.limit);
        if (said.givenUp !== undefined) ({ givenUp } = said);
        isDone ||= said.givenUp !== undefined;
      }
      const [code] = await ended;
      if (!isDone && !signal.aborted) throw new Error(`${crawler} ended with ${code} before it was done`);
      return { givenUp };
    },
  };
}

/** @param {number} leader */
function killGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}
