/** What /proc and the control groups say, from folders that look like those of other machines. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { watchCpuPressure } from '../../../src/telemetry/cpu-pressure.js';
import { cpuBound, freeMemory, memoryBound, watchRoom } from '../../../src/telemetry/machine-bounds.js';

const MB = 2 ** 20;
const NONE_V1 = '9223372036854771712';
const MEMINFO = 'MemTotal:       16777216 kB\nMemFree:         1048576 kB\nMemAvailable:    8388608 kB\n';
const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const V1_MOUNTS = [
  '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
].join('\n');

let root: string;

afterEach(() => rm(root, { recursive: true }));

async function machine(files: Record<string, string>): Promise<string> {
  root = await mkdtemp(path.join(os.tmpdir(), 'thresh-machine-'));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return root;
}

const v2 = (group: string, mount = V2_MOUNT): Record<string, string> => ({
  'proc/meminfo': MEMINFO,
  'proc/self/cgroup': `0::${group}\n`,
  'proc/self/mountinfo': `${mount}\n`,
});

const v1 = (group: string, mounts = V1_MOUNTS): Record<string, string> => ({
  'proc/meminfo': MEMINFO,
  'proc/self/cgroup': `8:memory:${group}\n4:cpu,cpuacct:${group}\n1:name=systemd:${group}\n`,
  'proc/self/mountinfo': `${mounts}\n`,
});

test('no control groups: the machine itself', async () => {
  await machine({ 'proc/meminfo': MEMINFO });
  expect(cpuBound(root, 8)).toEqual({ value: 8, where: 'the machine' });
  expect(memoryBound(root)).toEqual({ value: 16_384, where: 'the machine' });
  expect(freeMemory(root)).toEqual({ mb: 8_192, ofMb: 16_384 });
});

test('no /proc either: what Node knows, and nothing of what is free', async () => {
  await machine({});
  expect(memoryBound(root)).toEqual({ value: os.totalmem() / MB, where: 'the machine' });
  expect(freeMemory(root)).toBeUndefined();
});

test('groups without limits: the machine itself', async () => {
  await machine({
    ...v2('/user.slice'),
    'sys/fs/cgroup/user.slice/memory.max': 'max\n',
    'sys/fs/cgroup/user.slice/memory.high': 'max\n',
    'sys/fs/cgroup/user.slice/memory.current': `${100 * MB}\n`,
    'sys/fs/cgroup/user.slice/cpu.max': 'max 100000\n',
  });
  expect([cpuBound(root, 8).where, memoryBound(root).where]).toEqual(['the machine', 'the machine']);
  expect(freeMemory(root)).toEqual({ mb: 8_192, ofMb: 16_384 });
});

test('version 2: a container that sees its own group as the root', async () => {
  await machine({
    ...v2('/'),
    'sys/fs/cgroup/memory.max': `${2_048 * MB}\n`,
    'sys/fs/cgroup/memory.high': 'max\n',
    'sys/fs/cgroup/memory.current': `${1_500 * MB}\n`,
    'sys/fs/cgroup/memory.stat': `anon 1\ninactive_file ${500 * MB}\nactive_file 2\n`,
    'sys/fs/cgroup/cpu.max': '150000 100000\n',
  });
  expect(cpuBound(root, 8)).toEqual({ value: 1.5, where: path.join(root, 'sys/fs/cgroup/cpu.max') });
  expect(memoryBound(root)).toEqual({ value: 2_048, where: path.join(root, 'sys/fs/cgroup/memory.max') });
  expect(freeMemory(root)).toEqual({ mb: 1_048, ofMb: 2_048 });
});

test('version 2, nested: the smallest limit on the way up holds, also that of `memory.high`', async () => {
  await machine({
    ...v2('/outer/inner/own'),
    'sys/fs/cgroup/outer/memory.max': `${4_096 * MB}\n`,
    'sys/fs/cgroup/outer/memory.high': `${3_072 * MB}\n`,
    'sys/fs/cgroup/outer/memory.current': `${3_000 * MB}\n`,
    'sys/fs/cgroup/outer/cpu.max': '50000 100000\n',
    'sys/fs/cgroup/outer/inner/memory.max': `${8_192 * MB}\n`,
    'sys/fs/cgroup/outer/inner/own/memory.max': 'max\n',
    'sys/fs/cgroup/outer/inner/own/cpu.max': '200000 100000\n',
  });
  expect(cpuBound(root, 8).value).toBe(0.5);
  expect(memoryBound(root)).toEqual({
    value: 3_072,
    where: path.join(root, 'sys/fs/cgroup/outer/memory.high'),
  });
  expect(freeMemory(root)).toEqual({ mb: 72, ofMb: 3_072 });
});

test('version 1: each controller in a tree of its own, in a container whose path is one of the host', async () => {
  await machine({
    ...v1('/docker/abc'),
    'sys/fs/cgroup/memory/memory.limit_in_bytes': `${1_024 * MB}\n`,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': `${1_000 * MB}\n`,
    'sys/fs/cgroup/memory/memory.stat': `inactive_file 5\ntotal_inactive_file ${600 * MB}\n`,
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '200000\n',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
  });
  expect(cpuBound(root, 8).value).toBe(2);
  expect(memoryBound(root).value).toBe(1_024);
  expect(freeMemory(root)).toEqual({ mb: 624, ofMb: 1_024 });
});

test('version 1: a mount that begins at the group; no limit is a very large number, or -1', async () => {
  const mounts = V1_MOUNTS.replaceAll(' / /sys/fs/cgroup/', ' /docker/abc /sys/fs/cgroup/');
  await machine({
    ...v1('/docker/abc/own', mounts),
    'sys/fs/cgroup/memory/own/memory.limit_in_bytes': `${512 * MB}\n`,
    'sys/fs/cgroup/memory/memory.limit_in_bytes': `${NONE_V1}\n`,
    'sys/fs/cgroup/cpu,cpuacct/own/cpu.cfs_quota_us': '-1\n',
    'sys/fs/cgroup/cpu,cpuacct/own/cpu.cfs_period_us': '100000\n',
  });
  expect(cpuBound(root, 8)).toEqual({ value: 8, where: 'the machine' });
  expect(memoryBound(root)).toEqual({
    value: 512,
    where: path.join(root, 'sys/fs/cgroup/memory/own/memory.limit_in_bytes'),
  });
});

test('both versions at once: memory in version 1, pressure in version 2', async () => {
  await machine({
    'proc/meminfo': MEMINFO,
    'proc/self/cgroup': '4:memory:/job\n0::/\n',
    'proc/self/mountinfo': `${V1_MOUNTS}\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`,
    'sys/fs/cgroup/memory/job/memory.limit_in_bytes': `${700 * MB}\n`,
    'sys/fs/cgroup/unified/cpu.pressure': 'some avg10=42.00 avg60=1.00 avg300=1.00 total=5\n',
    'proc/pressure/cpu': 'some avg10=90.00 avg60=1.00 avg300=1.00 total=5\n',
  });
  expect(memoryBound(root).value).toBe(700);
  expect(watchCpuPressure(root)()).toBeCloseTo(0.42);
});

test('a path out of what can be seen, a mount with a space, and nonsense in the files', async () => {
  await machine({
    ...v2('/../../other', V2_MOUNT.replace('/sys/fs/cgroup', '/sys/fs/my\\040groups')),
    'sys/fs/my groups/memory.max': `${300 * MB}\n`,
    'sys/fs/my groups/cpu.max': 'what is this\n',
  });
  expect(memoryBound(root).value).toBe(300);
  expect(cpuBound(root, 4).value).toBe(4);
  expect(freeMemory(root)).toEqual({ mb: 8_192, ofMb: 16_384 });
});

test('pressure without a group of its own is that of the machine', async () => {
  await machine({
    'proc/pressure/cpu': 'some avg10=12.50 avg60=1.00 avg300=1.00 total=5\nfull avg10=0.00\n',
  });
  expect(watchCpuPressure(root)()).toBeCloseTo(0.125);
});

test('no pressure told: how much of the CPUs was in use, or how often the quota ran out', async () => {
  await machine({ ...v1('/'), 'sys/fs/cgroup/cpu,cpuacct/cpu.stat': 'nr_periods 100\nnr_throttled 10\n' });
  let times = { busy: 100, all: 1_000 };
  const look = watchCpuPressure(root, () => times);
  expect(look()).toBeUndefined();
  times = { busy: 400, all: 2_000 };
  expect(look()).toBeCloseTo(0.3);
  await writeFile(path.join(root, 'sys/fs/cgroup/cpu,cpuacct/cpu.stat'), 'nr_periods 200\nnr_throttled 90\n');
  times = { busy: 500, all: 3_000 };
  expect(look()).toBeCloseTo(0.8);
});

test('who asks often has what is free now, and the bounds as of some seconds ago', async () => {
  await machine({
    ...v1('/'),
    'sys/fs/cgroup/memory/memory.limit_in_bytes': `${1_024 * MB}\n`,
    'sys/fs/cgroup/memory/memory.usage_in_bytes': `${1_000 * MB}\n`,
    'sys/fs/cgroup/memory/memory.stat': 'total_inactive_file 0\n',
  });
  let nowMs = 0;
  const room = watchRoom(root, () => nowMs);
  expect(room().free).toEqual({ mb: 24, ofMb: 1_024 });
  await writeFile(path.join(root, 'sys/fs/cgroup/memory/memory.usage_in_bytes'), `${500 * MB}\n`);
  await writeFile(path.join(root, 'sys/fs/cgroup/memory/memory.limit_in_bytes'), `${600 * MB}\n`);
  nowMs = 9_000;
  expect(room().free).toEqual({ mb: 524, ofMb: 1_024 });
  nowMs = 11_000;
  expect(room().free).toEqual({ mb: 100, ofMb: 600 });
});

test('this machine, whatever it is', async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'thresh-machine-'));
  expect(cpuBound().value).toBeGreaterThan(0);
  expect(memoryBound().value).toBeGreaterThan(100);
  expect(memoryBound().value).toBeLessThanOrEqual(os.totalmem() / MB + 1);
});
