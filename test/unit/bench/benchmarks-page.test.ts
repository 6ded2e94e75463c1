import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeMachine, writeSection } from '../../bench/benchmarks-page.mjs';

let folder: string;
let file: string;
const machine = { ...describeMachine(), cpu: 'a CPU', cores: 2 };
const section = (id: string, markdown: string) =>
  writeSection({ file, id, title: `Of ${id}`, markdown, machine });

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'benchmarks-page-'));
  file = path.join(folder, 'benchmarks.md');
});
afterEach(() => rm(folder, { recursive: true }));

test('a section is replaced by its own next run and leaves all else as it is', async () => {
  await section('render', 'first');
  await section('memory', 'other');
  const before = await readFile(file, 'utf8');
  await writeFile(file, before.replace('# Benchmarks', '# Benchmarks, by hand'));
  await section('render', 'second');
  const page = await readFile(file, 'utf8');
  expect(page).toBe(before.replace('# Benchmarks', '# Benchmarks, by hand').replace('first', 'second'));
  expect(page).toMatch(/## Of render\n\n.*commit .*2 cores of a CPU.* additions in \d+ ms of CPU/);
  expect(page.match(/## Of/g)).toHaveLength(2);
});

test('a page with half of a section is left alone', async () => {
  await section('render', 'first');
  const torn = (await readFile(file, 'utf8')).replace('<!-- render: end -->', '');
  await writeFile(file, torn);
  await expect(section('render', 'second')).rejects.toThrow(/render: end/);
  expect(await readFile(file, 'utf8')).toBe(torn);
});
