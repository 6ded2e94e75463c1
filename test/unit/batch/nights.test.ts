import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCatalogue } from '../../../src/batch/catalogue.js';
import { nightsOf } from '../../../src/batch/nights.js';
import { batchFiles } from '../../../src/batch/spec.js';
import { writeNight } from '../../support/history.js';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
});

afterEach(() => rm(home, { recursive: true }));

test('each night of a target is its last batch of that date, with what is usual for it', async () => {
  for (const date of ['2026-03-01', '2026-03-02', '2026-03-03'])
    await writeNight(home, { target: 'shop', date });
  await writeNight(home, { target: 'shop', date: '2026-03-04', rows: 60 });
  await writeNight(home, { target: 'shop', date: '2026-03-05', rows: 10, limit: 10 });
  await writeNight(home, { target: 'shop', date: '2026-03-06', margin: -0.1 });
  await writeNight(home, { target: 'shop', date: '2026-03-07', state: 'held' });
  await writeNight(home, { target: 'news', date: '2026-02-01' });
  const [shop, ...rest] = nightsOf(await openCatalogue(home).entries(), '2026-03-02');
  expect(rest).toEqual([]); // news has none since then
  expect(shop?.nights.map(({ date, verdict }) => `${date.slice(8)} ${verdict}`)).toEqual([
    ...['07 held', '06 late', '05 delivered', '04 thin', '03 delivered', '02 delivered'],
  ]);
});

test('what has changed since the last look is seen, and what was removed is gone', async () => {
  const catalogue = openCatalogue(home);
  expect(await catalogue.entries()).toEqual([]);
  const id = await writeNight(home, { target: 'shop', date: '2026-03-01', state: 'held' });
  expect(await catalogue.entries()).toMatchObject([{ state: 'held', books: { rows: { delivered: 100 } } }]);
  const { journal, dir } = batchFiles(home, id);
  await appendFile(journal, `${JSON.stringify({ at: '2026-03-01T03:00:00Z', state: 'delivering' })}\n`);
  expect(await catalogue.entries()).toMatchObject([{ state: 'delivering' }]);
  await writeNight(home, { target: 'shop', date: '2026-03-02' });
  expect((await catalogue.entries()).map(({ spec }) => spec.date)).toEqual(['2026-03-02', '2026-03-01']);
  await rm(dir, { recursive: true });
  expect((await catalogue.entries()).map(({ spec }) => spec.date)).toEqual(['2026-03-02']);
});

test('a folder that is no batch, and one whose first line is not written yet, are no trouble', async () => {
  const catalogue = openCatalogue(home);
  const id = await writeNight(home, { target: 'shop', date: '2026-03-01' });
  await rm(batchFiles(home, id).spec);
  expect(await catalogue.entries()).toEqual([]);
});
