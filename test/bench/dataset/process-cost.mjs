// @ts-check
/** What this process took, and what it started and saw end: time, CPU, and the most memory that the kernel saw it hold. */
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Cost
 * @property {number} seconds
 * @property {number} cpuSeconds
 * @property {number} peakMb resident, of this process alone, since it began
 */

/** Linux counts a process's time in hundredths. */
const TICKS_A_SECOND = 100;

export function startCost() {
  const began = performance.now();
  const before = cpuSeconds();
  return {
    /** @returns {Cost} */
    taken() {
      const peakKb = /^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
      return {
        seconds: (performance.now() - began) / 1_000,
        cpuSeconds: cpuSeconds() - before,
        peakMb: Number(peakKb) / 1_024,
      };
    },
  };
}

/** User and system time, of children that have ended too. */
function cpuSeconds() {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_A_SECOND;
}
