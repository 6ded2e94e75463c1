// @ts-check
/** A farm of processes, and the states of its one batch as they are entered. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/**
 * @typedef {object} StubFarm
 * @property {readonly number[]} pids the one with the batch first
 * @property {(state: string) => Promise<void>} entered throws when the batch ends otherwise
 * @property {() => number} dead pages
 * @property {() => Promise<import('./farm-process.mjs').Inside>} inside of the process with the batch, now
 * @property {() => Promise<void>} stop
 */

const BAD_ENDS = ['held', 'failed', 'cancelled'];

/**
 * @param {import('./farm-process.mjs').FarmTask} task
 * @param {{ processes: number, execArgv?: readonly string[], env?: NodeJS.ProcessEnv }} shape the batch's own process among them
 * @returns {Promise<StubFarm>}
 */
export async function startStubFarm(
  { targetFile, ...task },
  { processes, execArgv = [], env = process.env },
) {
  /** @type {import('node:child_process').ChildProcess[]} */
  const children = [];
  const seen = new Set();
  /** @type {Map<string, () => void>} */
  const waiting = new Map();
  /** @type {(error: Error) => void} */
  let fail = () => undefined;
  /** @type {Promise<never>} */
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined); // told by whoever waits
  let dead = 0;

  /** @param {import('./farm-process.mjs').FarmTask} given */
  async function start(given) {
    const child = fork(path.join(import.meta.dirname, 'farm-process.mjs'), [JSON.stringify(given)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...execArgv],
      env,
    });
    children.push(child);
    child.once('exit', (code) => fail(new Error(`a process of the farm ended with ${code}`)));
    /** @type {Promise<void>} */
    const ready = new Promise((resolve) => {
      child.on('message', (/** @type {import('./farm-process.mjs').Said} */ said) => {
        if ('ready' in said) resolve();
        if ('dead' in said) {
          dead += 1;
          console.error(`  a page was given up: ${said.dead}`);
        }
        if ('state' in said) enter(said.state, said.reason);
      });
    });
    await Promise.race([ready, failed]);
  }

  /** @param {string} state @param {string | undefined} reason */
  function enter(state, reason) {
    seen.add(state);
    waiting.get(state)?.();
    if (BAD_ENDS.includes(state)) fail(new Error(`the batch is ${state}: ${reason ?? ''}`));
  }

  async function stop() {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }),
    );
  }
  try {
    for (let at = 1; at < processes; at += 1) await start(task);
    await start({ ...task, ...(targetFile === undefined ? {} : { targetFile }) });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pids: children.map(({ pid }) => pid ?? 0).reverse(),
    entered(state) {
      if (seen.has(state)) return Promise.resolve();
      /** @type {Promise<void>} */
      const entered = new Promise((resolve) => waiting.set(state, resolve));
      return Promise.race([entered, failed]);
    },
    dead: () => dead,
    async inside() {
      const child = children.at(-1);
      /** @type {Promise<import('./farm-process.mjs').Inside>} */
      const told = new Promise((resolve) => {
        const hear = (/** @type {import('./farm-process.mjs').Said} */ said) => {
          if (!('inside' in said)) return;
          child?.off('message', hear);
          resolve(said.inside);
        };
        child?.on('message', hear);
      });
      child?.send('look');
      return Promise.race([told, failed]);
    },
    stop,
  };
}
