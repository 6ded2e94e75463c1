import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanHome } from '../../../src/batch/clean.js';
import { batchFiles, newBatchId, writeSpec } from '../../../src/batch/spec.js';
import { retryDead } from '../../../src/batch/steer.js';
import { openFolderStore } from '../../../src/store/folder-store.js';
import { createKeptContent, weekOf } from '../../../src/store/kept-content.js';

const DAY_MS = 24 * 3_600_000;
const nowMs = Date.parse('2026-06-01T12:00:00Z');
let dir: string;
let homes = 0;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-clean-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const newHome = (): string => path.join(dir, `home-${homes++}`);

/** A batch that ended so many days ago, with something in every place. */
async function makeBatch(
  home: string,
  target: string,
  daysAgo: number,
  state = 'delivered',
): Promise<string> {
  const at = new Date(nowMs - daysAgo * DAY_MS).toISOString();
  const id = newBatchId(target, at.slice(0, 10));
  const out = path.join(home, 'out');
  await writeSpec(home, {
    ...{ id, target, targetFile: '/t.ts', targetHash: 'x', date: at.slice(0, 10), createdAt: at, out },
  });
  const files = batchFiles(home, id);
  await writeFile(
    files.journal,
    `${JSON.stringify({ at, state: 'discovering' })}\n${JSON.stringify({ at, state })}\n`,
  );
  const runs = path.join(out, target, '_runs', id);
  for (const folder of [path.join(files.dir, 'artifacts'), files.work, path.join(runs, 'artifacts')])
    await mkdir(folder, { recursive: true });
  for (const file of [
    path.join(files.segments, 'a.seg'),
    ...[files.frontier, files.report, path.join(files.work, 'x'), path.join(files.dir, 'artifacts', 'a.png')],
    ...[path.join(runs, 'artifacts', 'a.png'), path.join(runs, 'report.json')],
  ])
    await writeFile(file, 'x'.repeat(100));
  return id;
}

const here = async (home: string, batch: string) =>
  (await readdir(batchFiles(home, batch).dir).catch(() => [])).sort();
const clean = (home: string, more = {}) => cleanHome({ home, keepDays: 30, keepBatches: 2, nowMs, ...more });

test('what delivered batches were made of goes after its days; what tells of them stays for a year', async () => {
  const home = newHome();
  const [ancient, old] = [await makeBatch(home, 'shop', 400), await makeBatch(home, 'shop', 40)];
  const [kept, fresh] = [await makeBatch(home, 'shop', 35), await makeBatch(home, 'shop', 1)];
  expect((await clean(home, { dryRun: true })).map(({ batch }) => batch)).toEqual([ancient, old]);
  expect(await here(home, old)).toContain('segments');
  expect(await clean(home)).toMatchObject([
    { batch: ancient, what: 'all', bytes: expect.any(Number) },
    { batch: old, what: 'bulk', bytes: 500 },
  ]);
  expect(await here(home, ancient)).toEqual([]);
  expect(await here(home, old)).toEqual(['batch.json', 'cleaned', 'journal.ndjson', 'report.json']);
  expect(await readdir(path.join(home, 'out', 'shop', '_runs', old))).toEqual(['report.json']);
  for (const batch of [kept, fresh]) expect(await here(home, batch)).toContain('segments');
  expect(await clean(home)).toEqual([]);
});

test('what batches kept of their pages goes with the last batch of its week, and not while it is read again', async () => {
  const home = newHome();
  const content = createKeptContent(openFolderStore(home), 'shop');
  const keptBy = async (daysAgo: number, text: string) => {
    const batch = await makeBatch(home, 'shop', daysAgo);
    const from = weekOf(new Date(nowMs - daysAgo * DAY_MS).toISOString());
    return { batch, from, name: await content.put(from, text) };
  };
  const [gone, old] = [await keptBy(90, 'gone'), await keptBy(60, 'old')];
  const [latest, fresh] = [await keptBy(40, 'latest'), await keptBy(1, 'fresh')];
  const again = await makeBatch(home, 'shop', 0, 'fetching');
  const { spec } = batchFiles(home, again);
  const reading = { ...JSON.parse(await readFile(spec, 'utf8')), reextractOf: old.batch };
  await writeFile(spec, JSON.stringify(reading));
  expect((await clean(home)).map(({ batch }) => batch)).toEqual([gone.batch]);
  expect(await content.get(gone.from, gone.name)).toBeUndefined();
  for (const one of [old, latest, fresh]) expect(await content.get(one.from, one.name)).toBeDefined();
  await writeSpec(home, { ...reading, reextractOf: undefined });
  expect((await clean(home)).map(({ batch }) => batch)).toEqual([old.batch]);
  expect(await content.get(old.from, old.name)).toBeUndefined();
  expect(await content.get(latest.from, latest.name)).toBe('latest');
});

test('of a batch that was not delivered nothing ever goes, nor of the latest of each target', async () => {
  const home = newHome();
  for (const state of ['held', 'failed', 'cancelled', 'fetching']) await makeBatch(home, 'shop', 500, state);
  await makeBatch(home, 'shop', 600);
  await makeBatch(home, 'other', 600);
  expect(await clean(home)).toEqual([]);
  expect((await clean(home, { keepBatches: 0 })).length).toBe(2);
});

test('kept cookies go after those days whatever became of their batch, unless it still runs', async () => {
  const home = newHome();
  const batches = [
    await makeBatch(home, 'shop', 40, 'held'),
    await makeBatch(home, 'shop', 40),
    await makeBatch(home, 'shop', 40, 'fetching'),
    await makeBatch(home, 'shop', 20, 'held'),
  ];
  for (const batch of batches) await mkdir(batchFiles(home, batch).cookies);
  const left = () => Promise.all(batches.map(async (batch) => (await here(home, batch)).includes('cookies')));
  await clean(home, { dryRun: true });
  expect(await left()).toEqual([true, true, true, true]);
  await clean(home);
  expect(await left()).toEqual([false, false, true, true]);
});

test('dead letters of a batch whose pages are gone cannot be put back, and that is said', async () => {
  const home = newHome();
  const batch = await makeBatch(home, 'shop', 40);
  await clean(home, { keepBatches: 0 });
  await expect(retryDead(home, batch)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('cleaned up'),
  });
});

test('a batch that somebody runs again is left alone', async () => {
  const home = newHome();
  const batch = await makeBatch(home, 'shop', 40);
  const { takeRunnerLock } = await import('../../../src/batch/runner-lock.js');
  const lock = await takeRunnerLock(batchFiles(home, batch).runner);
  expect(await clean(home, { keepBatches: 0 })).toEqual([]);
  if ('release' in lock) await lock.release();
  expect(await clean(home, { keepBatches: 0 })).toHaveLength(1);
});
