/** Objects of the farm's store as files of this machine, some at a time. */
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectStore } from '../store/object-store.js';

export interface Wanted {
  key: string;
  file: string;
}

const AT_ONCE = 8;
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._=-]*$/;

/** False for a name of nobody's making: it is to lead nowhere else. */
export function isFileName(name: string): boolean {
  return FILE_NAME.test(name);
}

/** Those right below a prefix that are not there yet, or are of another size. */
export async function fetchAll(store: ObjectStore, prefix: string, dir: string): Promise<void> {
  const wanted: Wanted[] = [];
  for await (const { key, bytes } of store.list(prefix)) {
    const name = key.slice(prefix.length);
    if (!isFileName(name)) continue;
    const file = path.join(dir, name);
    if ((await stat(file).catch(() => undefined))?.size !== bytes) wanted.push({ key, file });
  }
  if (wanted.length > 0) await mkdir(dir, { recursive: true });
  await eachOf(wanted, ({ key, file }) => store.download(key, file));
}

/** Several are in memory at a time. */
const PIECE_BYTES = 4 * 1024 * 1024;
const PIECE = /^(.+)-(\d{5,})$/;

/** A file of any size as objects that each fit into memory: `KEY-00000`, counting up. */
export async function putPieces(store: ObjectStore, key: string, file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    for (let piece = 0; piece * PIECE_BYTES < size; piece += 1) {
      const start = piece * PIECE_BYTES;
      const body = await readAt(handle, start, Math.min(PIECE_BYTES, size - start));
      await store.put(`${key}-${String(piece).padStart(5, '0')}`, body);
    }
  } finally {
    await handle.close();
  }
}

/** So many bytes, however few come at once: a piece begun anew is to be the same. */
async function readAt(handle: FileHandle, start: number, bytes: number): Promise<Buffer> {
  const memory = Buffer.allocUnsafe(bytes);
  for (let filled = 0; filled < bytes; ) {
    const { bytesRead } = await handle.read(memory, filled, bytes - filled, start + filled);
    if (bytesRead === 0) throw new Error('a file became shorter while it was read');
    filled += bytesRead;
  }
  return memory;
}

/** The files whose pieces stand right below a prefix, in the order of their names. */
export async function fetchPieces(store: ObjectStore, prefix: string, dir: string): Promise<string[]> {
  const files = new Map<string, string[]>();
  for await (const { key } of store.list(prefix)) {
    const name = PIECE.exec(key.slice(prefix.length))?.[1];
    if (name === undefined || !isFileName(name)) continue;
    const pieces = files.get(name) ?? [];
    pieces.push(key);
    files.set(name, pieces);
  }
  await mkdir(dir, { recursive: true });
  await eachOf([...files], async ([name, pieces]) => {
    const handle = await open(path.join(dir, name), 'w');
    try {
      for (const key of pieces) {
        const body = await store.get(key);
        if (body === undefined) throw new Error(`${key} is gone from ${store.where}`);
        await handle.writeFile(body);
      }
    } finally {
      await handle.close();
    }
  });
  return [...files.keys()].map((name) => path.join(dir, name));
}

/** All objects below a prefix with its slash, however deep. */
export async function removeBelow(store: ObjectStore, prefix: string): Promise<void> {
  for (const folder of await store.folders(prefix)) await removeBelow(store, `${prefix}${folder}/`);
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  await eachOf(keys, (key) => store.remove(key));
}

/** Does the work for some of the items at a time. */
export async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const left = items.values();
  const one = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}
