/** Objects as files of a folder that several machines share. */
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf } from '../errors.js';
import { type ObjectStore, StoreTrouble } from './object-store.js';

let halves = 0;

/** What is being written; never listed. */
const HALF = '.half-';

export function openFolderStore(root: string): ObjectStore {
  const failing = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      const mend = `see that ${root} is there, is the same on every machine, and can be written`;
      throw new StoreTrouble(`${what}: ${reasonOf(cause)}`, { mend, cause });
    }
  };
  return {
    where: root,
    put: (key, body) =>
      failing(`cannot write ${key} to ${root}`, async () => {
        const file = path.join(root, key);
        const half = path.join(
          path.dirname(file),
          `${HALF}${process.pid}-${halves++}-${path.basename(file)}`,
        );
        await mkdir(path.dirname(file), { recursive: true });
        try {
          const handle = await open(half, 'wx');
          await handle
            .writeFile(body)
            .then(() => handle.sync())
            .finally(() => handle.close());
          await rename(half, file);
        } catch (error) {
          await rm(half, { force: true });
          throw error;
        }
        const folder = await open(path.dirname(file), 'r');
        await folder.sync().finally(() => folder.close());
      }),
    has: (key) =>
      failing(
        `cannot read ${key} of ${root}`,
        async () => (await orUndefined(stat(path.join(root, key)))) !== undefined,
      ),
    get: (key) => failing(`cannot read ${key} of ${root}`, () => orUndefined(readFile(path.join(root, key)))),
    download: (key, file) =>
      failing(`cannot read ${key} of ${root}`, async () => {
        const half = `${file}.${process.pid}.tmp`;
        const there = await orUndefined(copyFile(path.join(root, key), half).then(() => true));
        if (there === undefined) return false;
        await rename(half, file);
        return true;
      }),
    async *list(prefix, after) {
      const dir = path.join(root, prefix);
      const names = await failing(`cannot list ${dir}`, () => namesIn(dir, 'isFile'));
      for (const name of names) {
        const key = `${prefix}${name}`;
        if (after !== undefined && key <= after) continue;
        const found = await orUndefined(stat(path.join(dir, name)));
        if (found !== undefined) yield { key, bytes: found.size };
      }
    },
    folders: (prefix) =>
      failing(`cannot list ${prefix} of ${root}`, () => namesIn(path.join(root, prefix), 'isDirectory')),
    remove: (key) =>
      failing(`cannot remove ${key} of ${root}`, () => rm(path.join(root, key), { force: true })),
    close: () => undefined,
  };
}

async function namesIn(dir: string, kind: 'isFile' | 'isDirectory'): Promise<string[]> {
  const entries = (await orUndefined(readdir(dir, { withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => entry[kind]() && !entry.name.startsWith(HALF))
    .map(({ name }) => name)
    .sort();
}

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
