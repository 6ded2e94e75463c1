import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PageGroup } from '../../../src/spool/group.js';
import { createObjectWriter } from '../../../src/spool/object-writer.js';
import { readAllGroups } from '../../../src/spool/segment-reader.js';

let dir: string;
const at = '2026-03-01T00:00:00.000Z';

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-objects-test-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function groupOf(page: number, rows = 1): PageGroup {
  const url = `https://shop.example/p/${page}`;
  return {
    rows: Array.from({ length: rows }, (_, index) => ({
      ...{ kind: 'row' as const, page, index, url, fetchedAt: at },
      row: { id: String(page), text: 'x'.repeat(100) },
    })),
    quarantined: [],
    page: { page, url, outcome: 'completed', attempt: 1, at },
  };
}

const keep = (name: string, body: Buffer): Promise<void> =>
  writeFile(path.join(dir, name), body, { flag: 'wx' });

async function pagesKept(): Promise<number[]> {
  const pages: number[] = [];
  for await (const { page } of readAllGroups(dir)) pages.push(page.page);
  return pages.sort((a, b) => a - b);
}

test('the pages of a moment make one segment, and each is acknowledged when that stands', async () => {
  const names: string[] = [];
  const writer = createObjectWriter({
    writer: 'w',
    ageMs: 50,
    async put(name, body) {
      names.push(name);
      await keep(name, body);
    },
  });
  await Promise.all([1, 2, 3].map((page) => writer.append(groupOf(page))));
  expect(await pagesKept()).toEqual([1, 2, 3]);
  await Promise.all([writer.append(groupOf(4)), writer.append(groupOf(5, 500))]);
  expect(names).toEqual(['w-000000.ndjson', 'w-000001.ndjson']);
  expect(await pagesKept()).toEqual([1, 2, 3, 4, 5]);
  await writer.close();
});

test('what the store refuses is told to all of them, and the next try has a name of its own', async () => {
  let refusals = 1;
  const writer = createObjectWriter({
    writer: 'w',
    ageMs: 1,
    async put(name, body) {
      await keep(name, body); // an answer that is lost: the object stands there
      if (refusals-- > 0) throw new Error('away');
    },
  });
  const first = await Promise.allSettled([writer.append(groupOf(1)), writer.append(groupOf(2))]);
  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await Promise.all([1, 2].map((page) => writer.append(groupOf(page))));
  expect(await pagesKept()).toEqual([1, 1, 2, 2]);
  await writer.close();
});

test('a full segment waits for no others, and closing waits for none either', async () => {
  const bodies: number[] = [];
  const writer = createObjectWriter({
    writer: 'w',
    ageMs: 60_000,
    maxBytes: 1_000,
    put: async (_, body) => void bodies.push(body.length),
  });
  await writer.append(groupOf(1, 10));
  const waiting = writer.append(groupOf(2));
  await writer.close();
  await waiting;
  expect(bodies.length).toBe(2);
  await expect(writer.append(groupOf(3))).rejects.toThrow(/closed/);
});
