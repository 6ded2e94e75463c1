// @ts-check
/**
 * A farm as an operator runs it: `thresh worker` processes that are started again when they die, and the `thresh run`
 * that opened the batch; who of them is what, and how to kill them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const root = path.resolve(import.meta.dirname, '../../..');
const command = path.join(root, 'dist/src/cli/main.js');
export const TARGET = path.join(import.meta.dirname, 'storm-target.ts');

/** @typedef {{ child: import('node:child_process').ChildProcess, said: () => string, role: string, ended: Promise<number | null> }} Member */

/**
 * @param {{ shopUrl: string, workers: number }} options
 */
export async function openFarm({ shopUrl, workers }) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-storm-'));
  const home = path.join(dir, 'home');
  const out = path.join(dir, 'out');
  await mkdir(home);
  /** @type {Set<Member>} */
  const members = new Set();
  /** @type {string[]} */
  const talk = [];
  let closing = false;

  /**
   * @param {string} role
   * @param {string[]} args
   * @returns {Member}
   */
  function start(role, args) {
    const child = spawn(process.execPath, [command, ...args], {
      cwd: dir,
      env: { ...process.env, NO_COLOR: '1', THRESH_HOME: home, THRESH_OUT: out, THRESH_DEMO_URL: shopUrl },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk;
        talk.push(`[${role} ${child.pid}] ${chunk}`);
      });
    const ended = once(child, 'close').then(([code]) => {
      members.delete(member);
      return /** @type {number | null} */ (code);
    });
    /** @type {Member} */
    const member = { child, role, said: () => said, ended };
    members.add(member);
    return member;
  }

  /** As systemd would: started again a moment after its death. */
  function keepWorker() {
    const member = start('worker', ['worker', '--concurrency', '2']);
    void member.ended.then(async () => {
      await delay(300);
      if (!closing) keepWorker();
    });
  }

  async function batch() {
    const [name] = await readdir(path.join(home, 'batches')).catch(() => []);
    return name === undefined ? undefined : { id: name, dir: path.join(home, 'batches', name) };
  }

  return {
    dir,
    home,
    out,
    talk: () => talk.join(''),
    begin() {
      for (let at = 0; at < workers; at++) keepWorker();
      return start('run', ['run', TARGET, '--date', '2026-03-01', '--concurrency', '4']);
    },
    begun: async () => (await readdir(path.join(home, 'batches')).catch(() => [])).length > 0,
    run: () => start('run', ['run', TARGET, '--date', '2026-03-01', '--concurrency', '4']),
    batch,
    members: () => [...members],
    /** The states that the batch's journal has, in order. */
    async states() {
      const found = await batch();
      if (found === undefined) return [];
      const text = await readFile(path.join(found.dir, 'journal.ndjson'), 'utf8').catch(() => '');
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => /** @type {{ state: string, reason?: string }} */ (JSON.parse(line)));
    },
    /** The member that runs the batch's state machine. */
    async coordinator() {
      const found = await batch();
      const text =
        found === undefined
          ? ''
          : await readFile(path.join(found.dir, 'runner.lock'), 'utf8').catch(() => '');
      const pid = Number(/"pid":(\d+)/.exec(text)?.[1]);
      return [...members].find(({ child }) => child.pid === pid);
    },
    chromium: async () =>
      (await processesWith(`${home}/browsers/`)).filter(({ line }) => !line.includes('--type=')),
    renderers: () => renderersUnder(`${home}/browsers/`),
    redis: async () =>
      (await processesWith(path.join(home, 'redis'))).filter(({ line }) =>
        /^\S*(redis|valkey)-server /.test(line),
      ),

    /** Stops everybody as an operator would; throws with what is left. */
    async close() {
      closing = true;
      await delay(350);
      const running = [...members];
      for (const { child } of running) child.kill('SIGTERM');
      const codes = await Promise.all(running.map(({ ended }) => ended));
      // What killed processes left behind is swept by the next start of a worker.
      const last = start('worker', ['worker', '--concurrency', '1']);
      while (!last.said().includes('working for the farm')) {
        if (last.child.exitCode !== null) throw new Error(`the last worker ended:\n${last.said()}`);
        await delay(50);
      }
      last.child.kill('SIGTERM');
      codes.push(await last.ended);
      const left = await leftBehind();
      if (codes.some((code) => code !== 0 && code !== 130)) left.push(`exit codes ${codes.join(', ')}`);
      return left;
    },
    /** Whatever happened: nothing of it stays. */
    async destroy() {
      closing = true;
      for (const { child } of members) child.kill('SIGKILL');
      for (let look = 0; look < 100; look++) {
        const left = await processesWith(dir);
        if (left.length === 0) break;
        for (const { pid, line } of left) if (look > 20 && line.includes(dir)) kill(pid);
        await delay(100);
      }
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
    },
  };

  async function leftBehind() {
    /** @type {string[]} */
    let left = [];
    for (let look = 0; look < 50; look++) {
      left = (await processesWith(dir)).map(({ pid, line }) => `process ${pid} ${line.slice(0, 120)}`);
      const folders = await readdir(path.join(home, 'browsers')).catch(() => []);
      left.push(...folders.map((name) => `browser folder ${name}`));
      const sockets = await readdir(path.join(home, 'redis')).catch(() => []);
      left.push(...sockets.filter((name) => name.endsWith('.sock')).map((name) => `socket ${name}`));
      if (left.length === 0) break;
      await delay(100);
    }
    return left;
  }
}

/** @typedef {Awaited<ReturnType<typeof openFarm>>} StormFarm */

/** @param {string} text */
async function processesWith(text) {
  const found = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const line = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    if (line.includes(text)) found.push({ pid: Number(name), line });
  }
  return found;
}

/**
 * Renderers do not always name their browser's folder; they are grandchildren of the process that does.
 * @param {string} text
 */
async function renderersUnder(text) {
  const parents = new Set((await processesWith(text)).map(({ pid }) => pid));
  const found = [];
  for (let round = 0; round < 3; round++)
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name) || parents.has(Number(name))) continue;
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      if (parents.has(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))) parents.add(Number(name));
    }
  for (const pid of parents) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes('--type=renderer')) found.push({ pid });
  }
  return found;
}

/** @param {number} pid */
export function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false; // it ended by itself in between
  }
}
