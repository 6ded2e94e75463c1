import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { isLong } from '../support/long.js';
import { sharedSwift } from '../support/shared-swift.js';
import { missingForSwift } from '../support/swift.mjs';
import { createExcuses } from './storm/excuses.mjs';
import { BUCKET, folderPlace } from './storm/places.mjs';
import { pollPlace } from './storm/reader.mjs';
import { s3FaultsOf, scheduleOf } from './storm/schedule.mjs';
import { storm, undisturbed } from './storm/storm.mjs';

/** To S3, with a kill in the delivery; the short one's faults come at once. */
const SEED = isLong ? 10 : 29_530;
const PAGES = isLong ? 30 : 20;

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  folders.push(folder);
  return folder;
}

test('the same seed draws the same schedule, and the same faults of S3', () => {
  expect(scheduleOf(7)).toEqual(scheduleOf(7));
  expect(scheduleOf(7)).not.toEqual(scheduleOf(8));
  const faults = (seed: number) => Array.from({ length: 50 }, s3FaultsOf(seed));
  expect(faults(7)).toEqual(faults(7));
  expect(faults(7)).not.toEqual(faults(8));
});

test('a page is rendered again only for a fault at which it was in flight', () => {
  const frontier = ['/p/a', '/p/b', '/p/c'];
  const excuses = createExcuses();
  excuses.add({ pages: [0, 1], most: 1 });
  expect(excuses.judge({ '/p/a': 2, '/p/b': 1, '/p/c': 1 }, frontier)).toEqual({
    again: 1,
    most: 1,
    problems: [],
  });
  expect(excuses.judge({ '/p/a': 1, '/p/b': 1, '/p/c': 2 }, frontier).problems).toEqual([
    '/p/c was rendered 2 times, and in flight at 0 faults',
  ]);
  expect(excuses.judge({ '/p/a': 2, '/p/b': 2 }, frontier).problems).toEqual([
    '/p/c was never rendered',
    '2 pages rendered again, 1 were in flight at the faults',
  ]);
  excuses.addRefused([
    { url: '/api/products/c', status: 200 },
    { url: '/api/products/c/more', status: 429 },
  ]);
  expect(excuses.judge({ '/p/a': 2, '/p/b': 1, '/p/c': 2 }, frontier).problems).toEqual([]);
});

test.each([
  ['all of it', ['one.parquet'], []],
  ['a manifest before its files', [], [/one\.parquet is missing/]],
  ['files that no manifest names', ['one.parquet', 'two.parquet'], [/two\.parquet.* are listed/]],
])('the reader looks at %s', async (_, names, problems) => {
  const place = folderPlace(await newFolder());
  const body = Buffer.from('rows');
  const sha256 = createHash('sha256').update(body).digest('hex');
  const manifest = JSON.stringify({ batch: 'b', files: [{ name: 'one.parquet', sha256 }] });
  const files = new Map(names.map((name) => [name, body] as const));
  await place.put(files.set('_SUCCESS', Buffer.from(manifest)));
  const seen = await pollPlace(place, () => 1).stop();
  expect(seen.problems).toEqual(problems.map((problem) => expect.stringMatching(problem)));
  expect(seen.batches).toEqual(problems.length === 0 ? ['b'] : []);
});

test('files without a manifest are a part of a dataset', async () => {
  const place = folderPlace(await newFolder());
  await place.put(new Map([['one.parquet', Buffer.from('rows')]]));
  const { problems } = await pollPlace(place, () => 1).stop();
  expect(problems).toEqual([expect.stringContaining('without _SUCCESS')]);
});

test('a storm of kills and outages: the dataset is that of an undisturbed run', async () => {
  const shop = await startShop({ products: PAGES });
  try {
    const [swift, truth] = await Promise.all([
      missingForSwift() === undefined ? sharedSwift(BUCKET) : undefined,
      undisturbed(shop),
    ]);
    let said = '';
    const verdict = await storm(shop, {
      seed: SEED,
      truth,
      swift,
      workers: isLong ? 2 : 1,
      onTalk: (talk) => {
        said = talk;
      },
    });
    expect(verdict.problems, `seed ${SEED}\n${said.slice(-5_000)}`).toEqual([]);
    expect(Object.keys(verdict.faults).length).toBeGreaterThan(1);
    expect(verdict.destination).toBe(swift === undefined ? 'folder' : 's3');
  } finally {
    await shop.stop();
  }
});
