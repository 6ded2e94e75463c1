/** When a night of a target with `incremental` is full, and why. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planNight } from '../../../src/batch/night-plan.js';
import { type BatchSpec, batchFiles } from '../../../src/batch/spec.js';
import { VERSION } from '../../../src/version.js';
import { writeNight } from '../../support/history.js';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
});

afterEach(() => rm(home, { recursive: true, force: true }));

const target = 'shop';

function tonight(more: Partial<BatchSpec> = {}): BatchSpec {
  const id = 'shop-20260310-zzzzzz';
  const createdAt = '2026-03-10T02:00:00.000Z';
  return {
    ...{ id, target, date: '2026-03-10', createdAt, out: home },
    ...{ targetFile: 'shop.ts', targetHash: 'none' },
    ...more,
  };
}

async function night(date: string, plan: object | undefined, more = {}): Promise<string> {
  const id = await writeNight(home, { target, date, ...more });
  if (plan !== undefined)
    await writeFile(batchFiles(home, id).plan, JSON.stringify({ version: VERSION, ...plan }));
  return id;
}

async function planned(spec = tonight(), more = {}) {
  await writeNight(home, { target, date: spec.date, state: 'fetching', suffix: 'zzzzzz' });
  const files = batchFiles(home, spec.id);
  return planNight({ home, spec, files, full: 7, isShared: false, ...more });
}

test('pages are carried over from what was delivered last', async () => {
  await night('2026-03-07', { nights: 0 });
  const base = await night('2026-03-08', { nights: 1 });
  await night('2026-03-09', { nights: 2 }, { state: 'held' });
  await night('2026-03-09', { nights: 2 }, { limit: 5, suffix: 'bbbbbb' });
  await writeNight(home, { target: 'other', date: '2026-03-09' });
  expect(await planned()).toEqual({ version: VERSION, nights: 2, base });
});

test('the plan of a batch is made once', async () => {
  await night('2026-03-08', { nights: 1 });
  const first = await planned();
  await night('2026-03-09', { nights: 2 });
  expect(await planned()).toEqual(first);
});

test('the first night is full', async () => {
  expect(await planned()).toMatchObject({ nights: 0, full: 'no earlier batch of the target was delivered' });
});

test.each([
  ['a changed target', tonight({ targetHash: 'other' }), {}, /the target has changed since shop-20260309/],
  ['a sample', tonight({ limit: 10 }), {}, /with a limit/],
  ['several machines', tonight(), { isShared: true }, /several machines/],
  ['every third night', tonight(), { full: 3 }, /every 3 nights/],
  ['every night', tonight(), { full: 1 }, /every night is/],
])('%s makes it full', async (_, spec, more, why) => {
  await night('2026-03-09', { nights: 2 });
  const plan = await planned(spec, more);
  expect(plan).toMatchObject({ nights: 0, full: expect.stringMatching(why) });
  expect(plan.base).toBeUndefined();
});

test('so does another version, and a base whose pages were cleaned up', async () => {
  const base = await night('2026-03-09', undefined);
  expect(await planned()).toMatchObject({ full: `${base} was made by another version` });
  await rm(batchFiles(home, tonight().id).plan);
  await night('2026-03-09', { nights: 0 });
  await writeFile(batchFiles(home, base).cleaned, '');
  expect(await planned()).toMatchObject({ full: `the pages of ${base} were cleaned up` });
});

test('and a base that was read again from what was kept', async () => {
  const base = await night('2026-03-09', { nights: 0 });
  const { spec: file } = batchFiles(home, base);
  const spec = JSON.parse(await readFile(file, 'utf8')) as BatchSpec;
  await writeFile(file, JSON.stringify({ ...spec, reextractOf: 'shop-20260308-aaaaaa' }));
  expect(await planned()).toMatchObject({ full: `${base} was read from what was kept, not fetched` });
});
