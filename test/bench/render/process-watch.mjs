// @ts-check
/** Looks on at a contender from outside: which processes are its own, their CPU time and their memory (Linux). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createCpuBooks } from './cpu-books.mjs';

/** @typedef {import('./cpu-books.mjs').CpuMs} CpuMs */
/** @typedef {import('./cpu-books.mjs').Seen} Seen */

/** @typedef {{ browser: number, node: number }} MemoryMb */

/**
 * @typedef {object} ProcessWatch
 * @property {() => CpuMs} cpu looks now
 * @property {() => MemoryMb[]} memory proportional set sizes, every two seconds since the start
 * @property {() => number[]} pids that are there now
 * @property {() => void} stop
 */

/** In the environment of all that a contender starts, so that also what leaves its parent is known. */
export const MARK = 'THRESH_BENCH_CONTENDER';

const LOOK_MS = 250;
const LOOKS_A_MEMORY = 8;
/** The kernel's USER_HZ, which is 100 wherever Linux runs. */
const TICK_MS = 10;

/**
 * @param {string} mark the contender's value of MARK
 * @returns {ProcessWatch}
 */
export function watchProcesses(mark) {
  const books = createCpuBooks();
  const wanted = `${MARK}=${mark}`;
  /** @type {Map<string, { pid: number, side: Seen['side'] }>} */
  let members = new Map();
  /** @type {Set<string>} processes that are somebody else's */
  let strangers = new Set();
  /** @type {MemoryMb[]} */
  const memory = [];
  let looks = 0;

  function look() {
    const all = processes();
    const before = members;
    members = new Map();
    const others = new Set();
    /** @type {Seen[]} */
    const seen = [];
    // By start, so that a parent comes before its children.
    for (const one of [...all.values()].sort((a, b) => a.startTicks - b.startTicks)) {
      const parent = idOf(all.get(one.ppid));
      const isOurs =
        before.has(one.id) ||
        members.has(parent) ||
        (!strangers.has(one.id) && environmentOf(one.pid).includes(wanted));
      if (!isOurs) {
        others.add(one.id);
        continue;
      }
      const side = before.get(one.id)?.side === 'browser' || isBrowser(one.pid) ? 'browser' : 'node';
      members.set(one.id, { pid: one.pid, side });
      seen.push({
        id: one.id,
        parent,
        side,
        ownMs: one.ownTicks * TICK_MS,
        reapedMs: one.reapedTicks * TICK_MS,
      });
    }
    strangers = others;
    books.note(seen);
  }

  const timer = setInterval(() => {
    look();
    if (looks++ % LOOKS_A_MEMORY === LOOKS_A_MEMORY - 1) memory.push(memoryOf(members.values()));
  }, LOOK_MS);
  return {
    cpu() {
      look();
      return books.totals();
    },
    memory: () => memory,
    pids() {
      look();
      return [...members.values()].map(({ pid }) => pid);
    },
    stop: () => clearInterval(timer),
  };
}

/** @typedef {{ id: string, pid: number, ppid: number, startTicks: number, ownTicks: number, reapedTicks: number }} Stat */

/** @returns {Map<number, Stat>} by pid */
function processes() {
  /** @type {Map<number, Stat>} */
  const all = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // What follows the command, which is in brackets and may hold some: proc(5), fields 3 and on.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [, ppid = 0] = fields;
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
    const startTicks = fields[19] ?? 0;
    const pid = Number(name);
    if (stat !== '')
      all.set(pid, {
        id: `${pid}:${startTicks}`,
        pid,
        ppid,
        startTicks,
        ownTicks: utime + stime,
        reapedTicks: cutime + cstime,
      });
  }
  return all;
}

/** @param {Stat | undefined} stat */
function idOf(stat) {
  return stat?.id ?? '';
}

/** @param {number} pid */
function environmentOf(pid) {
  return read(`/proc/${pid}/environ`).split('\0');
}

/** @param {number} pid */
function isBrowser(pid) {
  try {
    return /chrom|headless[-_]shell/i.test(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return false; // gone, or of a kind that has no file
  }
}

/** @param {Iterable<{ pid: number, side: Seen['side'] }>} members @returns {MemoryMb} */
function memoryOf(members) {
  const sum = { browser: 0, node: 0 };
  for (const { pid, side } of members)
    sum[side] += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1_024;
  return sum;
}

/** @param {string} file '' when its process is gone */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
