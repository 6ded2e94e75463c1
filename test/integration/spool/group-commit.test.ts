import {
  chmod,
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isThreshError } from '../../../src/errors.js';
import { encodeGroup, type PageGroup } from '../../../src/spool/group.js';
import { readAllGroups } from '../../../src/spool/segment-reader.js';
import { createSegmentWriter } from '../../../src/spool/segment-writer.js';

let dir: string;
let prototype: FileHandle;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-spool-'));
  const handle = await open(path.join(dir, 'probe'), 'w');
  prototype = Object.getPrototypeOf(handle);
  await handle.close();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true, force: true });
});

const groupOf = (page: number): PageGroup => ({
  rows: [
    { kind: 'row', page, index: 0, url: `http://shop/p/${page}`, fetchedAt: '', row: { sku: `A${page}` } },
  ],
  quarantined: [],
  page: {
    page,
    url: `http://shop/p/${page}`,
    outcome: 'completed',
    attempt: 1,
    at: new Date(page).toISOString(),
  },
});

async function pagesIn(folder: string): Promise<number[]> {
  const pages: number[] = [];
  for await (const group of readAllGroups(folder)) pages.push(group.page.page);
  return pages;
}

async function bytesIn(folder: string): Promise<string> {
  const files = await Promise.all(
    (await readdir(folder)).sort().map((name) => readFile(path.join(folder, name), 'utf8')),
  );
  return files.join('');
}

test('a thousand appends at once share a few syncs, and none is acknowledged before a sync that covers it', async () => {
  const segments = path.join(dir, 'segments');
  const writer = createSegmentWriter({ dir: segments, writer: 'w' });
  let synced = '';
  let syncs = 0;
  const datasync = prototype.datasync;
  vi.spyOn(prototype, 'datasync').mockImplementation(async function (this: FileHandle) {
    const covered = await bytesIn(segments);
    await datasync.call(this);
    syncs += 1;
    synced = covered;
  });
  await Promise.all(
    Array.from({ length: 1_000 }, async (_, page) => {
      await writer.append(groupOf(page));
      if (!synced.includes(encodeGroup(groupOf(page)).toString('utf8')))
        throw new Error(`page ${page} is not on disk`);
    }),
  );
  await writer.close();
  expect(syncs).toBeGreaterThan(0);
  expect(syncs).toBeLessThanOrEqual(5);
  expect(await pagesIn(segments)).toEqual(Array.from({ length: 1_000 }, (_, page) => page));
});

test('appends that arrive one after the other each get a sync of their own', async () => {
  const writer = createSegmentWriter({ dir, writer: 'w' });
  const datasync = vi.spyOn(prototype, 'datasync');
  for (let page = 0; page < 5; page++) await writer.append(groupOf(page));
  expect(datasync).toHaveBeenCalledTimes(5);
  await writer.close();
});

test('close waits for what was appended; after it nothing is taken', async () => {
  const writer = createSegmentWriter({ dir, writer: 'w' });
  const acknowledged: number[] = [];
  const appends = [1, 2, 3].map((page) => writer.append(groupOf(page)).then(() => acknowledged.push(page)));
  await writer.close();
  expect(await pagesIn(dir)).toEqual([1, 2, 3]);
  await Promise.all(appends);
  expect(acknowledged).toEqual([1, 2, 3]);
  await expect(writer.append(groupOf(4))).rejects.toThrow(/closed/);
});

test('a folder that cannot be made or written: OUTPUT_UNWRITABLE, and the writer goes on when it can', async () => {
  const segments = path.join(dir, 'batch', 'segments');
  await writeFile(path.join(dir, 'batch'), 'a file where the folder should be');
  const writer = createSegmentWriter({ dir: segments, writer: 'w' });
  const failures = await Promise.allSettled([writer.append(groupOf(1)), writer.append(groupOf(2))]);
  for (const failure of failures) {
    const error: unknown = failure.status === 'rejected' ? failure.reason : undefined;
    expect(isThreshError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      retry: 'later',
      message: expect.stringContaining(segments),
    });
  }
  await rm(path.join(dir, 'batch'));
  await writer.append(groupOf(3));
  await writer.close();
  expect(await pagesIn(segments)).toEqual([3]);
});

test.skipIf(process.getuid?.() === 0)('a folder without the right to write', async () => {
  const segments = path.join(dir, 'segments');
  await mkdir(segments, { mode: 0o500 });
  const writer = createSegmentWriter({ dir: segments, writer: 'w' });
  await expect(writer.append(groupOf(1))).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
    retry: 'later',
  });
  await chmod(segments, 0o700);
  await writer.append(groupOf(2));
  await writer.close();
  expect(await pagesIn(segments)).toEqual([2]);
});

test.each(['write', 'datasync'] as const)(
  'when %s fails half-way, nothing of the refused groups is left, and later ones are kept',
  async (method) => {
    const writer = createSegmentWriter({ dir, writer: 'w' });
    await writer.append(groupOf(1));
    const write = prototype.write as (bytes: Buffer) => Promise<unknown>;
    vi.spyOn(prototype, method).mockImplementationOnce(async function (this: FileHandle, data?: unknown) {
      if (method === 'write') await write.call(this, (data as Buffer).subarray(0, 150));
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    await expect(writer.append(groupOf(2))).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      retry: 'later',
      message: expect.stringContaining('no space left'),
    });
    expect(await bytesIn(dir)).toBe(encodeGroup(groupOf(1)).toString('utf8'));
    await writer.append(groupOf(2));
    await writer.append(groupOf(3));
    await writer.close();
    expect(await pagesIn(dir)).toEqual([1, 2, 3]);
  },
);
