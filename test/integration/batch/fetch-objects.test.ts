import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchPieces, putPieces, removeBelow } from '../../../src/batch/fetch-objects.js';
import { openFolderStore } from '../../../src/store/folder-store.js';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-objects-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

test('files of any size come back from their pieces, in the order of their names, and go when they are removed', async () => {
  const store = openFolderStore(path.join(dir, 'store'));
  const sizes = { '00002': 9_000_000, '00000': 4 * 1024 * 1024, '00001': 5, '00003': 0 };
  const bodies = new Map<string, Buffer>();
  for (const [name, size] of Object.entries(sizes)) {
    const [file, body] = [path.join(dir, name), randomBytes(size)];
    await writeFile(file, body);
    await putPieces(store, `rows/00007/${name}`, file);
    bodies.set(name, body);
  }
  await store.put('rows/00007/other.json', Buffer.from('{}'));
  const keys: string[] = [];
  for await (const { key } of store.list('rows/00007/')) keys.push(key.slice('rows/00007/'.length));
  expect(keys).toEqual([
    '00000-00000',
    '00001-00000',
    '00002-00000',
    '00002-00001',
    '00002-00002',
    'other.json',
  ]);

  const files = await fetchPieces(store, 'rows/00007/', path.join(dir, 'back'));
  expect(files.map((file) => path.basename(file))).toEqual(['00000', '00001', '00002']);
  for (const file of files)
    expect((await readFile(file)).equals(bodies.get(path.basename(file)) as Buffer)).toBe(true);

  await store.put('kept/one', Buffer.from('1'));
  await removeBelow(store, 'rows/');
  for await (const { key } of store.list('rows/00007/')) expect(key).toBe('nothing');
  expect(await store.has('kept/one')).toBe(true);
});
