// @ts-check
/**
 * A farm as an operator runs it: `thresh worker` processes that are started again when they die, and the `thresh run`
 * that opened the batch; who of them is what, and where the batch stands.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { allProcesses, kill } from './processes.mjs';
import { mountSmallDisk, unmountSmallDisk } from './small-disk.mjs';

const root = path.resolve(import.meta.dirname, '../../..');
const command = path.join(root, 'dist/src/cli/main.js');
const TARGET = path.join(import.meta.dirname, 'storm-target.ts');
const RUN_PAGES = 4;
const WORKER_PAGES = 2;
const JOURNAL_LOOK_MS = 20;

/**
 * @typedef {object} Member
 * @property {import('node:child_process').ChildProcess} child
 * @property {'run' | 'worker'} role
 * @property {number} pages that it renders at once
 * @property {() => string} said
 * @property {Promise<number | string | null>} ended its exit code, or the signal that ended it
 */

/** @typedef {{ state: string, reason?: string }} Entry */

/** @type {Set<{ destroy(): Promise<void> }>} */
const open = new Set();

/** Whatever is open and wherever it stands: for a run that is broken off. */
export async function destroyFarms() {
  await Promise.all([...open].map((farm) => farm.destroy()));
}

/**
 * @param {{ shopUrl: string, workers: number, smallDisk?: boolean }} options `smallDisk`: batches lie on one
 */
export async function openFarm({ shopUrl, workers, smallDisk = false }) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-storm-'));
  const home = path.join(dir, 'home');
  const batches = path.join(home, 'batches');
  const temp = path.join(dir, 'tmp');
  await Promise.all([batches, temp].map((folder) => mkdir(folder, { recursive: true })));
  if (smallDisk) mountSmallDisk(batches);
  /** @type {Set<Member>} */
  const members = new Set();
  /** @type {string[]} */
  const talk = [];
  /** @type {Entry[]} */
  let journal = [];
  let closing = false;
  /** @type {import('./places.mjs').Place | undefined} */
  let place;

  /**
   * @param {Member['role']} role
   * @param {string[]} args
   * @returns {Member}
   */
  function start(role, args) {
    const child = spawn(process.execPath, [command, ...args], {
      cwd: dir,
      env: {
        ...process.env,
        ...place?.env,
        NO_COLOR: '1',
        TMPDIR: temp,
        THRESH_HOME: home,
        THRESH_DEMO_URL: shopUrl,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk;
        talk.push(`[${role} ${child.pid}] ${chunk}`);
      });
    const ended = once(child, 'close').then(([code, signal]) => {
      members.delete(member);
      return code ?? signal;
    });
    const pages = role === 'run' ? RUN_PAGES : WORKER_PAGES;
    /** @type {Member} */
    const member = { child, role, pages, said: () => said, ended };
    members.add(member);
    return member;
  }

  /** As systemd would: started again a moment after its death. */
  function keepWorker() {
    const member = start('worker', ['worker', '--concurrency', String(WORKER_PAGES)]);
    void member.ended.then(async () => {
      await delay(300);
      if (!closing) keepWorker();
    });
  }

  async function batch() {
    const names = await readdir(batches).catch(() => []);
    return names.filter((name) => name.startsWith('demo-shop-')).map((name) => path.join(batches, name))[0];
  }

  async function followJournal() {
    /** @type {string | undefined} */
    let file;
    while (!closing) {
      file ??= await batch();
      const text =
        file === undefined ? '' : await readFile(path.join(file, 'journal.ndjson'), 'utf8').catch(() => '');
      journal = text.split('\n').slice(0, -1).flatMap(entryOf);
      await delay(JOURNAL_LOOK_MS);
    }
  }

  const farm = {
    dir,
    home,
    batches: smallDisk ? batches : undefined,
    socket: path.join(home, 'redis', 'redis.sock'),
    talk: () => talk.join(''),
    /** @param {import('./places.mjs').Place} to where it delivers from now on */
    begin(to) {
      place = to;
      for (let at = 0; at < workers; at++) keepWorker();
      void followJournal();
      return farm.run();
    },
    run: () =>
      start('run', [
        'run',
        TARGET,
        '--date',
        '2026-03-01',
        '--concurrency',
        String(RUN_PAGES),
        ...['--out', place?.out ?? ''],
      ]),
    members: () => [...members],
    /** What the batch's journal said last. @returns {Entry | undefined} */
    last: () => journal.at(-1),
    hasEnded: () => ['delivered', 'held', 'failed', 'cancelled'].includes(farm.last()?.state ?? ''),
    /** The member that runs the batch's state machine. */
    async coordinator() {
      const file = path.join((await batch()) ?? batches, 'runner.lock');
      const text = await readFile(file, 'utf8').catch(() => '');
      const pid = Number(/"pid":(\d+)/.exec(text)?.[1]);
      return [...members].find(({ child }) => child.pid === pid);
    },
    /** The path of each page of the frontier, in order. */
    async frontier() {
      const text = await readFile(path.join((await batch()) ?? batches, 'frontier.ndjson'), 'utf8');
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => new URL(JSON.parse(line).url).pathname);
    },

    /** Stops everybody as an operator would. @returns {Promise<string[]>} what is left of them */
    async close() {
      closing = true;
      const running = [...members];
      for (const { child } of running) child.kill('SIGTERM');
      const ends = await Promise.all(running.map(({ ended }) => ended));
      // What killed processes left behind is swept by the next start of a worker.
      const last = start('worker', ['worker', '--concurrency', '1']);
      while (!last.said().includes('working for the farm')) {
        if (last.child.exitCode !== null) throw new Error(`the last worker ended:\n${last.said()}`);
        await delay(20);
      }
      last.child.kill('SIGTERM');
      ends.push(await last.ended);
      const left = await leftBehind();
      // A worker that had only just been started does not know the signal yet.
      if (ends.some((end) => end !== 0 && end !== 130 && end !== 'SIGTERM'))
        left.push(`exit codes ${ends.join(', ')}`);
      return left;
    },

    /** Whatever happened: nothing of it stays. */
    async destroy() {
      closing = true;
      for (const { child } of members) child.kill('SIGKILL');
      for (let look = 0; look < 100; look++) {
        const left = await processesOfOurs();
        if (left.length === 0) break;
        for (const { pid } of left) if (look > 20) kill(pid);
        await delay(100);
      }
      if (smallDisk) unmountSmallDisk(batches);
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
      open.delete(farm);
    },
  };
  open.add(farm);
  return farm;

  async function processesOfOurs() {
    return (await allProcesses()).filter(({ line }) => line.includes(dir));
  }

  async function leftBehind() {
    for (let look = 0; ; look++) {
      const left = (await processesOfOurs()).map(({ pid, line }) => `process ${pid} ${line.slice(0, 120)}`);
      const folders = await readdir(path.join(home, 'browsers')).catch(() => []);
      left.push(...folders.map((name) => `browser folder ${name}`));
      const sockets = await readdir(path.join(home, 'redis')).catch(() => []);
      left.push(...sockets.filter((name) => name.endsWith('.sock')).map((name) => `socket ${name}`));
      left.push(...(await readdir(temp)).map((name) => `temporary ${name}`));
      if (left.length === 0 || look === 50) return left;
      await delay(100);
    }
  }
}

/** @typedef {Awaited<ReturnType<typeof openFarm>>} StormFarm */

/**
 * A line that a full disk tore is none.
 * @param {string} line
 * @returns {Entry[]}
 */
function entryOf(line) {
  try {
    return [JSON.parse(line)];
  } catch {
    return [];
  }
}
