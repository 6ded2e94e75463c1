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
 * @property {() => Promise<Map<number, import('./farm-process.mjs').Inside>>} insides of all that are at work, by pid
 * @property {() => Promise<TakenOver>} killRunner SIGKILL for the process that runs the batch, and another one in its place
 * @property {() => Promise<void>} stop
 */

/** Between the seeds of two processes: more than workers in one. */
const SEEDS_APART = 1_000;
const BAD_ENDS = ['held', 'failed', 'cancelled'];

/**
 * @typedef {object} TakenOver somebody has put the batch together again, and goes on
 * @property {number} atMs `performance.now()`
 * @property {number} settled pages by then
 */

/**
 * @param {import('./farm-process.mjs').FarmTask} task
 * @param {{ processes: number, execArgv?: readonly string[], env?: NodeJS.ProcessEnv }} shape the batch's own process
 * among them; each has seeds of its own
 * @returns {Promise<StubFarm>}
 */
export async function startStubFarm(
  { targetFile, ...task },
  { processes, execArgv = [], env = process.env },
) {
  /** @type {import('node:child_process').ChildProcess[]} */
  const children = [];
  /** @type {Set<import('node:child_process').ChildProcess>} */
  const ready = new Set();
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
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let runner;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let killed;
  /** @type {(settled: number) => void} */
  let resumed = () => undefined;

  /** @param {import('./farm-process.mjs').FarmTask} given */
  async function start({ seed, ...given }) {
    const own = { ...given, ...(seed === undefined ? {} : { seed: seed + SEEDS_APART * children.length }) };
    const child = fork(path.join(import.meta.dirname, 'farm-process.mjs'), [JSON.stringify(own)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...execArgv],
      env,
    });
    children.push(child);
    child.once('exit', (code, signal) => {
      if (child !== killed) fail(new Error(`a process of the farm ended with ${code ?? signal}`));
    });
    /** @type {Promise<void>} */
    const begun = new Promise((resolve) => {
      child.on('message', (/** @type {import('./farm-process.mjs').Said} */ said) => {
        if ('ready' in said) {
          ready.add(child);
          resolve();
        }
        if ('dead' in said) {
          dead += 1;
          console.error(`  a page was given up: ${said.dead}`);
        }
        if ('state' in said || 'resumed' in said) runner = child;
        if ('state' in said) enter(said.state, said.reason);
        if ('resumed' in said) resumed(said.resumed);
      });
    });
    await Promise.race([begun, failed]);
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
        if (!isAlive(child)) return;
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
    inside: () => Promise.race([insideOf(children.at(-1)), failed]),
    async insides() {
      const asked = children.filter((child) => ready.has(child) && isAlive(child));
      const told = asked.map(async (child) => {
        const inside = await insideOf(child);
        return /** @type {const} */ ([child.pid ?? 0, inside]);
      });
      return new Map(await Promise.race([Promise.all(told), failed]));
    },
    async killRunner() {
      if (runner === undefined) throw new Error('nobody runs the batch');
      /** @type {Promise<TakenOver>} */
      const takenOver = new Promise((resolve) => {
        resumed = (settled) => resolve({ atMs: performance.now(), settled });
      });
      killed = runner;
      killed.kill('SIGKILL');
      start(task).catch(fail);
      return Promise.race([takenOver, failed]);
    },
    stop,
  };
}

/** @param {import('node:child_process').ChildProcess | undefined} child @returns {Promise<import('./farm-process.mjs').Inside>} */
function insideOf(child) {
  return new Promise((resolve) => {
    const hear = (/** @type {import('./farm-process.mjs').Said} */ said) => {
      if (!('inside' in said)) return;
      child?.off('message', hear);
      resolve(said.inside);
    };
    child?.on('message', hear);
    child?.send('look');
  });
}

/** @param {import('node:child_process').ChildProcess} child */
function isAlive(child) {
  return child.exitCode === null && child.signalCode === null;
}
