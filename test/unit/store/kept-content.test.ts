import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFolderStore } from '../../../src/store/folder-store.js';
import { createKeptContent, removeWeeks, weekOf } from '../../../src/store/kept-content.js';

let dir: string;
const from = '2026-03-05';

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-kept-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const files = async (): Promise<string[]> =>
  (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.br'));

test('equal contents are one file, whoever puts them, and smaller than they are', async () => {
  const text = JSON.stringify(
    Array.from({ length: 200 }, (_, at) => ({ sku: `K${at}`, title: 'Ünïcode 🫖' })),
  );
  const [one, other] = [
    createKeptContent(openFolderStore(dir), 'shop'),
    createKeptContent(openFolderStore(dir), 'shop'),
  ];
  const name = await one.put(from, text);
  expect(await one.put(from, text)).toBe(name);
  expect(await other.put(from, text)).toBe(name);
  const [file = '', ...more] = await files();
  expect(more).toEqual([]);
  expect((await readFile(path.join(dir, file))).length).toBeLessThan(text.length / 5);
  expect(await other.get(from, name)).toBe(text);
  expect(await other.get('2026-03-12', name)).toBeUndefined();
});

test('a content that is not what it was is not given, nor anything that is no name', async () => {
  const kept = createKeptContent(openFolderStore(dir), 'other');
  const name = await kept.put(from, 'as it was');
  const file = (await files()).find((one) => one.includes('other')) ?? '';
  const whole = await readFile(path.join(dir, file));
  await writeFile(path.join(dir, file), whole.subarray(0, whole.length - 3));
  expect(await kept.get(from, name)).toBeUndefined();
  await writeFile(path.join(dir, file), await readFile(path.join(dir, (await files())[0] ?? '')));
  expect(await kept.get(from, '../../../etc/passwd')).toBeUndefined();
  expect(await kept.get('..', name)).toBeUndefined();
});

test('a week that nobody names goes, and no other', async () => {
  const store = openFolderStore(dir);
  const kept = createKeptContent(store, 'weeks');
  const [march, april] = [await kept.put('2026-03-05', 'march'), await kept.put('2026-04-02', 'april')];
  await removeWeeks(store, (target, week) => target !== 'weeks' || week === '2026-04-02');
  expect(await kept.get('2026-03-05', march)).toBeUndefined();
  expect(await kept.get('2026-04-02', april)).toBe('april');
});

test('a week has seven days, each of which names its first', () => {
  const days = Array.from({ length: 60 }, (_, at) => new Date(Date.UTC(2026, 1, 1 + at)).toISOString());
  const counts = new Map<string, number>();
  for (const day of days) counts.set(weekOf(day), (counts.get(weekOf(day)) ?? 0) + 1);
  expect([...counts.values()].slice(1, -1).every((count) => count === 7)).toBe(true);
  for (const week of counts.keys()) expect(weekOf(`${week}T00:00:00.000Z`)).toBe(week);
});
