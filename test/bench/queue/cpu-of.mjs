// @ts-check
/** The CPU that a process has taken so far, its threads together. */
import { readFileSync } from 'node:fs';

/** Linux counts a process's time in hundredths. */
const TICKS_A_SECOND = 100;

/** @param {number} pid @returns {number} seconds */
export function cpuSecondsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
