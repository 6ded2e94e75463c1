// @ts-check
/** The benchmark's hold on its target: a fresh process for each client, told what to do and asked what it saw. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** @typedef {import('./target-server.mjs').TargetOptions} TargetOptions */
/** @typedef {import('./target-server.mjs').Served} Served */

/**
 * @typedef {object} Target
 * @property {string} url without a slash at its end
 * @property {(slowness: number) => Promise<void>} slow its answers take this many times as long
 * @property {() => Promise<void>} goDown refuses connections
 * @property {() => Promise<void>} comeUp on the same port
 * @property {() => Promise<Served[]>} log what it served so far, in the order of the answers
 * @property {() => Promise<void>} stop
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/**
 * @param {TargetOptions} options
 * @returns {Promise<Target>}
 */
export async function startTarget(options) {
  const file = path.join(import.meta.dirname, 'target-server.mjs');
  const child = fork(file, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const [{ port }] = await once(child, 'message');

  /** @param {string} ask @param {object} [facts] */
  async function tell(ask, facts) {
    const answered = once(child, 'message');
    child.send({ ask, ...facts });
    const [answer] = await answered;
    return answer;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    slow: (slowness) => tell('slow', { slowness }),
    goDown: () => tell('down'),
    comeUp: () => tell('up'),
    log: async () => (await tell('log')).log,
    async stop() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
