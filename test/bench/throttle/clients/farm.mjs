// @ts-check
/**
 * This farm's control plane: its queue on a real Redis, its throttle and its page workers, in as many processes as
 * asked for. Only the rendering is a plain HTTP request.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { watchFarm } from '../watch-farm.mjs';
import { makeHome, writeTarget } from './farm-home.mjs';

/**
 * @typedef {object} FarmSettings
 * @property {string} [name]
 * @property {number} [maxConcurrency] of the target
 * @property {number} [processes] default 1
 * @property {string} [home] kept, with what is learned of the target; default: a new one each run
 */

/** More than any knee bears: the default of 8 would hold it back where the knee is at 12. */
const MAX_CONCURRENCY = 32;

/**
 * @param {FarmSettings} [settings]
 * @returns {import('./request-loop.mjs').Client}
 */
export function farmClient({
  name = 'Thresh',
  maxConcurrency = MAX_CONCURRENCY,
  processes = 1,
  home: kept,
} = {}) {
  return {
    name,
    async run({ url, pages, signal, onLimit }) {
      const home = kept ?? (await makeHome());
      const targetFile = await writeTarget(home, {
        url,
        pages,
        maxConcurrency,
        plain: true,
      });
      /** @type {import('node:child_process').ChildProcess[]} */
      const children = [];
      /** @type {(value?: unknown) => void} */
      let end = () => undefined;
      /** @type {(error: Error) => void} */
      let fail = () => undefined;
      const ended = new Promise((resolve, reject) => {
        end = resolve;
        fail = reject;
      });
      ended.catch(() => undefined); // awaited below, once all have started
      signal.addEventListener('abort', end, { once: true });
      let givenUp = 0;

      /** @param {Partial<import('./farm-process.mjs').FarmTask>} task */
      async function start(task) {
        const child = fork(
          path.join(import.meta.dirname, 'farm-process.mjs'),
          [JSON.stringify({ home, concurrency: MAX_CONCURRENCY, ...task })],
          { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
        );
        children.push(child);
        child.on('message', (/** @type {import('./farm-process.mjs').Said} */ said) => {
          if ('givenUp' in said) {
            givenUp += said.givenUp;
            console.error(`  a page was given up: ${said.why}`);
          }
          if ('end' in said)
            if (said.end.startsWith('delivered')) end();
            else fail(new Error(`the batch is ${said.end}`));
        });
        child.once('exit', (code) => fail(new Error(`a process of the farm ended with ${code}`)));
        await Promise.race([once(child, 'message'), ended]);
      }
      const watch = await watchFarm({ home, target: 'knee' }, ({ limit }) => {
        if (limit !== undefined) onLimit(limit);
      });
      try {
        for (let at = 1; at < processes; at++) await start({});
        await start({ targetFile });
        await ended;
        return { givenUp };
      } finally {
        await Promise.all(children.map(stop));
        await watch.stop();
        if (kept === undefined) await rm(home, { recursive: true, force: true, maxRetries: 10 });
      }
    },
  };
}

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
