// @ts-check
/** The processes of this machine, as `/proc` tells them. */
import { readdir, readFile } from 'node:fs/promises';

/** @typedef {{ pid: number, parent: number, line: string }} Process */

/** @returns {Promise<Process[]>} those that have a command line, this one left out */
export async function allProcesses() {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const [line, stat] = await Promise.all(
        ['cmdline', 'stat'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')),
      );
      const parent = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
      return { pid: Number(name), parent, line: (line ?? '').replaceAll('\0', ' ') };
    }),
  );
  return found.filter(({ pid, line }) => line !== '' && pid !== process.pid);
}

/**
 * The process itself and those that it descends from, the nearest first.
 * @param {Process} one
 * @param {readonly Process[]} all
 */
export function lineageOf(one, all) {
  const byPid = new Map(all.map((process) => [process.pid, process]));
  const lineage = [];
  for (let at = byPid.get(one.pid); at !== undefined; at = byPid.get(at.parent)) lineage.push(at);
  return lineage;
}

/**
 * @param {number} pid
 * @returns {boolean} false when it ended by itself in between
 */
export function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
