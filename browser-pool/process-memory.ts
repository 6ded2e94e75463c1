/** What /proc says of a process's memory. Nothing, or zeros, for a process that is gone. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface ProcessMemory {
  residentMb: number;
  /** What it has for itself or shares with its siblings, also what was swapped out. */
  ownMb: number;
  /** Pages of files that are in memory, Chromium's own code above all. */
  fileMb: number;
}

/** 0.1 ms. */
export function memoryOf(pid: number): ProcessMemory {
  const status = readProc(pid, 'status');
  const mb = (name: string): number => megabytes(name, status);
  return {
    residentMb: mb('VmRSS'),
    ownMb: mb('RssAnon') + mb('RssShmem') + mb('VmSwap'),
    fileMb: mb('RssFile'),
  };
}

/**
 * Each process with its share of what it shares with others (PSS), and what of it was swapped out, added up; undefined
 * when the system does not say. Some 6 ms of a kernel's time a process, and none of the event loop's.
 */
export async function proportionalMbOf(pids: readonly number[]): Promise<number | undefined> {
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')),
  );
  const sum = texts.reduce((mb, text) => mb + megabytes('Pss', text) + megabytes('SwapPss', text), 0);
  return sum > 0 ? sum : undefined;
}

export function commandOf(pid: number): string {
  return readProc(pid, 'cmdline');
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself in between
  }
}

function megabytes(name: string, text: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
}

/** Read at once: /proc is no disk, and a detour over the thread pool costs more than the reading. */
function readProc(pid: number, name: 'status' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
