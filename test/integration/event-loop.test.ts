/** Large pages, files and rules: the work on them lets others have their turn, several times in 100 ms. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createFollowedLinks } from '../../src/batch/followed.js';
import { columnsOf } from '../../src/dataset/columns.js';
import { encodeRow } from '../../src/dataset/encode.js';
import { createRobots } from '../../src/discovery/robots.js';
import { validateRows } from '../../src/page/validate.js';
import { collectCommitted } from '../../src/spool/committed.js';
import { createSegmentWriter } from '../../src/spool/segment-writer.js';
import type { CommittedTotals } from '../../src/spool/totals.js';
import { longestTurnMs } from '../support/longest-turn.js';
import { startSmallServer } from '../support/small-server.js';

/** Each of these took 300 to 2,000 ms in one go; a collection of garbage may fall into a turn. */
const MOST_MS = 150;
const ROWS = 60_000;
const schema = z.object({ sku: z.string(), title: z.string(), tags: z.array(z.string()), url: z.url() });
const origin = { page: 0, url: 'https://shop.example/', attempt: 1, fetchedAt: '2026-03-01T00:00:00.000Z' };
const found = Array.from({ length: ROWS }, (_, n) => ({
  sku: `S${n}`,
  title: n % 3 === 0 ? undefined : `A fair offer with the number ${n}, and what there is to say of it`,
  tags: ['fair', 'offer', 'tea'],
  url: `https://shop.example/p/${n}`,
}));

test('a page with very many rows is validated, made durable and collected', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'thresh-loop-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { columns } = columnsOf(schema);
  let validated: Awaited<ReturnType<typeof validateRows>> | undefined;
  const validating = await longestTurnMs(async () => {
    validated = await validateRows(schema, found, { origin, encode: (row) => encodeRow(columns, row) });
  });
  expect(validated).toMatchObject({ rows: { length: (ROWS / 3) * 2 }, quarantined: { length: ROWS / 3 } });
  const { rows = [], quarantined = [] } = validated ?? {};
  const writer = createSegmentWriter({ dir: folder, writer: 'w' });
  const page = { page: 0, url: origin.url, outcome: 'completed', attempt: 1, at: origin.fetchedAt } as const;
  const writing = await longestTurnMs(() => writer.append({ rows, quarantined, page }));
  await writer.close();
  let totals: CommittedTotals | undefined;
  const collecting = await longestTurnMs(async () => {
    const [work = '', quarantineFile = '', dead = ''] = ['work', 'quarantine', 'dead'].map((name) =>
      path.join(folder, name),
    );
    const committed = await collectCommitted({ segments: folder, work, quarantined: quarantineFile, dead });
    for await (const _ of committed.rows);
    totals = committed.totals;
  });
  expect(totals).toMatchObject({ rows: (ROWS / 3) * 2, quarantined: ROWS / 3 });
  expect(Math.max(validating, writing, collecting)).toBeLessThan(MOST_MS);
});

test('rules as many as a robots.txt may hold, for many pages at once', async () => {
  const rules = Array.from({ length: 20_000 }, (_, n) => `Disallow: /a*b${n}`);
  const site = await startSmallServer((_, response) => response.end(['User-agent: *', ...rules].join('\n')));
  onTestFinished(() => site.stop());
  const robots = createRobots({ mode: 'respect' });
  expect(await robots.allowed(`${site.url}/aab77`)).toBe(false);
  let answers: boolean[] = [];
  const judging = await longestTurnMs(async () => {
    answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => robots.allowed(`${site.url}/aaaaaaaa/${n}`)),
    );
  });
  expect(answers).toEqual(answers.map(() => true));
  expect(judging).toBeLessThan(MOST_MS);
});

test('the links of pages that follow thousands are taken in by portions, in their order', async () => {
  const portions: string[][] = [];
  const forgotten: number[] = [];
  const links = (page: number): string =>
    JSON.stringify(Array.from({ length: 2_500 }, (_, n) => ({ url: `https://shop.example/${page}/${n}` })));
  const followed = createFollowedLinks(
    { size: 600 } as Parameters<typeof createFollowedLinks>[0],
    {
      followedByAny: async (pages: number[]) => pages.filter((n) => n % 300 === 1).map((n) => [n, links(n)]),
      forgetFollowed: async (pages: number[]) => void forgotten.push(...pages),
    } as unknown as Parameters<typeof createFollowedLinks>[1],
    {
      admit: async (candidates: { url: string }[]) => {
        portions.push(candidates.map(({ url }) => url));
        return { added: candidates.length, duplicates: 0, skipped: 0, refused: [] };
      },
    } as unknown as Parameters<typeof createFollowedLinks>[2],
  );
  expect(await followed.take({ settledTo: 600, hasFollowed: true })).toEqual({ added: 5_000, refused: [] });
  expect(followed.isDone()).toBe(true);
  expect(Math.max(...portions.map(({ length }) => length))).toBeLessThanOrEqual(1_000);
  expect(portions.flat()).toEqual(
    [1, 301].flatMap((page) => Array.from({ length: 2_500 }, (_, n) => `https://shop.example/${page}/${n}`)),
  );
  expect(forgotten).toEqual([1, 301]);
});
