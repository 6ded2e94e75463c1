/** What this process may use of the machine that it runs on: CPUs and memory, and by what they are bounded. */
import os from 'node:os';
import path from 'node:path';
import { type Cgroups, findCgroups, readText } from './cgroups.js';

export interface Bound {
  value: number;
  /** `the machine`, or the file that says so. */
  where: string;
}

export interface Room {
  mb: number;
  ofMb: number;
}

const BOUNDS_EVERY_MS = 10_000;

/** May be a fraction. Affinity counts as the machine. `root`: where /proc and /sys are found. */
export function cpuBound(root = '/', ofMachine = os.availableParallelism()): Bound {
  const quotas = (findCgroups('cpu', root)?.folders ?? []).flatMap((folder) => cpuQuota(folder));
  return smallest({ value: ofMachine, where: 'the machine' }, quotas);
}

/** In MB. A group's `memory.high` counts as its end: over it the kernel slows everything down. */
export function memoryBound(root = '/', ofMachineMb = machineMemory(root).ofMb): Bound {
  const limits = boundedGroups(root).map(({ limit }) => limit);
  return smallest({ value: ofMachineMb, where: 'the machine' }, limits);
}

/** What is to be had, where there is least. What can be taken back (caches of files) counts as free. Undefined: not known. */
export function freeMemory(root = '/', bounded = boundedGroups(root)): Room | undefined {
  const { mb, ofMb } = machineMemory(root);
  const groups = bounded.flatMap(({ folder, version, limit }) => {
    const usedMb = groupUsedMb(folder, version);
    return usedMb === undefined ? [] : [{ mb: Math.max(0, limit.value - usedMb), ofMb: limit.value }];
  });
  const rooms = mb === undefined ? groups : [{ mb, ofMb }, ...groups];
  return rooms.reduce<Room | undefined>(
    (least, room) => (least === undefined || room.mb < least.mb ? room : least),
    undefined,
  );
}

/** `cpuBound` and `freeMemory` for who asks often: by which groups we are bounded is asked every `BOUNDS_EVERY_MS`. */
export function watchRoom(
  root = '/',
  now = () => performance.now(),
): () => { cpus: number; free: Room | undefined } {
  let cpus = 0;
  let bounded: BoundedGroup[] = [];
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - askedAtMs >= BOUNDS_EVERY_MS) {
      askedAtMs = now();
      cpus = cpuBound(root).value;
      bounded = boundedGroups(root);
    }
    return { cpus, free: freeMemory(root, bounded) };
  };
}

function smallest(first: Bound, others: readonly Bound[]): Bound {
  return others.reduce((least, bound) => (bound.value < least.value ? bound : least), first);
}

/** `mb` is what is available; undefined where the system does not tell it apart from caches. */
function machineMemory(root: string): { mb: number | undefined; ofMb: number } {
  const info = readText(path.join(root, 'proc/meminfo')) ?? '';
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(info)?.[1];
  const total = /^MemTotal:\s+(\d+) kB/m.exec(info)?.[1];
  return {
    mb: available === undefined ? undefined : Number(available) / 1024,
    ofMb: (total === undefined ? os.totalmem() / 1024 : Number(total)) / 1024,
  };
}

interface BoundedGroup {
  folder: string;
  version: Cgroups['version'];
  limit: Bound;
}

function boundedGroups(root: string): BoundedGroup[] {
  const groups = findCgroups('memory', root);
  if (groups === undefined) return [];
  const { version, folders } = groups;
  const names = version === 2 ? ['memory.max', 'memory.high'] : ['memory.limit_in_bytes'];
  return folders.flatMap((folder) =>
    names.flatMap((name) => {
      const file = path.join(folder, name);
      const bytes = wholeNumber(readText(file));
      // Version 1 writes "none" as the largest number of pages that it can count.
      if (bytes === undefined || bytes >= 2 ** 60) return [];
      return [{ folder, version, limit: { value: bytes / 2 ** 20, where: file } }];
    }),
  );
}

function groupUsedMb(folder: string, version: Cgroups['version']): number | undefined {
  const used = wholeNumber(
    readText(path.join(folder, version === 2 ? 'memory.current' : 'memory.usage_in_bytes')),
  );
  if (used === undefined) return undefined;
  const stat = readText(path.join(folder, 'memory.stat')) ?? '';
  const field = version === 2 ? /^inactive_file (\d+)/m : /^total_inactive_file (\d+)/m;
  return (used - Number(field.exec(stat)?.[1] ?? 0)) / 2 ** 20;
}

function cpuQuota(folder: string): Bound[] {
  const unified = readText(path.join(folder, 'cpu.max'));
  if (unified !== undefined)
    return quota(unified.split(' ')[0], unified.split(' ')[1], path.join(folder, 'cpu.max'));
  const file = path.join(folder, 'cpu.cfs_quota_us');
  return quota(readText(file), readText(path.join(folder, 'cpu.cfs_period_us')), file);
}

/** None is written as `max` or -1. */
function quota(share: string | undefined, period: string | undefined, where: string): Bound[] {
  const shareUs = wholeNumber(share);
  const periodUs = wholeNumber(period);
  return shareUs && periodUs ? [{ value: shareUs / periodUs, where }] : [];
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}
