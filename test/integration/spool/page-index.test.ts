/** Pages found again among the segments of a batch. */
import { appendFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildPageIndex, type PageIndex } from '../../../src/spool/page-index.js';
import type { PageRecord } from '../../../src/spool/record.js';
import { createSegmentWriter, type SegmentWriter } from '../../../src/spool/segment-writer.js';

let dir: string;
let segments: string;
let writer: SegmentWriter;
let index: PageIndex | undefined;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  segments = path.join(dir, 'segments');
  writer = createSegmentWriter({ dir: segments, writer: 'one', maxBytes: 20_000 });
});

afterEach(async () => {
  await index?.close();
  index = undefined;
  await rm(dir, { recursive: true, force: true });
});

const urlOf = (page: number): string => `http://x.example/p/${page}`;
const fetchedAt = '2026-03-01T02:03:04.567Z';

function append(page: number, value: string, more: Partial<PageRecord> = {}): Promise<void> {
  const url = urlOf(page);
  return writer.append({
    rows: [{ kind: 'row', page, index: 0, url, fetchedAt, row: { value } }],
    quarantined: [
      { kind: 'quarantined', page, index: 1, url, attempt: 1, fetchedAt, row: { value }, issues: [] },
    ],
    page: { page, url, outcome: 'completed', attempt: 1, at: '2026-03-01T02:03:05.000Z', ...more },
  });
}

async function build(more: { isUsable?: (page: PageRecord) => boolean } = {}): Promise<PageIndex> {
  await writer.close();
  index = await buildPageIndex({
    ...{ segments, batch: 'shop-20260301-aaaaaa', folder: path.join(dir, 'index') },
    counts: ({ attempt }) => attempt < 9,
    isUsable: () => true,
    ...more,
  });
  return index;
}

async function gaveOf(page: number, label?: string): Promise<unknown> {
  const [found] = (await index?.find([{ url: urlOf(page), label }])) ?? [];
  return (await found?.read())?.rows[0]?.row.value;
}

test('each page is found with what it gave, among many segments, and no other', async () => {
  for (
    let from = 0;
    from < 3_000;
    from += 50 // appended together they would share a segment
  )
    await Promise.all(Array.from({ length: 50 }, (_, at) => append(from + at, `value ${from + at} ü`)));
  const { find } = await build();
  expect((await readdir(segments)).length).toBeGreaterThan(32);
  const pages = Array.from({ length: 3_000 }, (_, page) => ({ url: urlOf(page) }));
  const found = await find(pages);
  for (const [page, one] of found.entries()) {
    expect(one).toMatchObject({ fetchedAt, origin: 'shop-20260301-aaaaaa' });
    const records = await one?.read();
    expect(records?.rows).toMatchObject([{ page, row: { value: `value ${page} ü` } }]);
    expect(records?.quarantined).toMatchObject([{ page, index: 1 }]);
  }
  expect(await find([{ url: urlOf(3_000) }, { url: urlOf(1), label: 'other' }])).toEqual([
    undefined,
    undefined,
  ]);
});

test('what was kept of a page is found with it', async () => {
  const kept = { from: '2026-02-26', fetchedAt, html: 'ab'.repeat(32) };
  await append(1, 'one', { kept });
  await append(2, 'two');
  const { find } = await build();
  const [one, two] = await find([{ url: urlOf(1) }, { url: urlOf(2) }]);
  expect(await one?.read()).toMatchObject({ rows: [{ row: { value: 'one' } }], kept });
  expect(await two?.read()).not.toHaveProperty('kept');
});

test('of two commits of a page the later one counts, also when it is of no use', async () => {
  await append(1, 'later', { at: '2026-03-01T03:00:00.000Z' });
  await append(1, 'earlier');
  await append(1, 'does not count', { at: '2026-03-01T04:00:00.000Z', attempt: 9 });
  await append(2, 'usable');
  await append(2, 'led on', { at: '2026-03-01T03:00:00.000Z', follow: [{ url: urlOf(3) }] });
  await append(4, 'dead', { outcome: 'dead' });
  await append(5, 'labelled', { label: 'detail' });
  await build({ isUsable: ({ follow }) => follow === undefined });
  expect(await gaveOf(1)).toBe('later');
  expect(await gaveOf(2)).toBeUndefined();
  expect(await gaveOf(4)).toBeUndefined();
  expect(await gaveOf(5)).toBeUndefined();
  expect(await gaveOf(5, 'detail')).toBe('labelled');
});

test('a page that was carried over itself says when and by whom it was fetched', async () => {
  const carried = { from: 'shop-20260227-cccccc', fetchedAt: '2026-02-27T02:00:00.000Z' };
  await append(1, 'old', { carried });
  const { find } = await build();
  expect(await find([{ url: urlOf(1) }])).toMatchObject([
    { origin: carried.from, fetchedAt: carried.fetchedAt },
  ]);
});

test('a page that gave nothing is not found, nor one whose segment is gone', async () => {
  await writer.append({
    rows: [],
    quarantined: [],
    page: { page: 7, url: urlOf(7), outcome: 'completed', attempt: 1, at: fetchedAt },
  });
  await append(1, 'one');
  await appendFile(path.join(segments, 'torn.ndjson'), '{"kind":"row","page":8');
  await build();
  expect(await gaveOf(7)).toBeUndefined();
  await rm(segments, { recursive: true });
  expect(await gaveOf(1)).toBeUndefined();
  await index?.close();
  index = undefined;
  await expect(stat(path.join(dir, 'index'))).rejects.toThrow();
});
