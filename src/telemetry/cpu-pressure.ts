/**
 * How hard it is to get a CPU, 0 to 1: the share of the last ten seconds in which somebody of our control group, else
 * of the machine, waited for one (the kernel's pressure stall information). Without that: the share of the CPUs' time
 * that was in use, or of the periods in which our group's quota ran out, since the last look.
 */
import os from 'node:os';
import path from 'node:path';
import { findCgroups, readText, unifiedCgroups } from './cgroups.js';

/** Each call is a look; undefined when there is nothing to tell yet. `root`: where /proc and /sys are found. */
export function watchCpuPressure(root = '/', cpuTimes = machineTimes): () => number | undefined {
  const groups = findCgroups('cpu', root);
  const own = unifiedCgroups(root)?.folders[0];
  const stalls = [
    ...(own === undefined ? [] : [path.join(own, 'cpu.pressure')]),
    path.join(root, 'proc/pressure/cpu'),
  ].filter((file) => readText(file) !== undefined);
  let before = { ...cpuTimes(), ...throttled(groups?.folders[0]) };

  return () => {
    for (const file of stalls) {
      const percent = /^some avg10=([\d.]+)/m.exec(readText(file) ?? '')?.[1];
      if (percent !== undefined) return Number(percent) / 100;
    }
    const now = { ...cpuTimes(), ...throttled(groups?.folders[0]) };
    const inUse = share(now.busy - before.busy, now.all - before.all);
    const ranOut = share(now.ranOut - before.ranOut, now.periods - before.periods);
    before = now;
    return inUse === undefined ? ranOut : Math.max(inUse, ranOut ?? 0);
  };
}

function share(part: number, whole: number): number | undefined {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : undefined;
}

function machineTimes(): { busy: number; all: number } {
  let busy = 0;
  let idle = 0;
  for (const { times } of os.cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { busy, all: busy + idle };
}

function throttled(folder: string | undefined): { ranOut: number; periods: number } {
  const stat = folder === undefined ? '' : (readText(path.join(folder, 'cpu.stat')) ?? '');
  const field = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(stat)?.[1] ?? 0);
  return { ranOut: field('nr_throttled'), periods: field('nr_periods') };
}
