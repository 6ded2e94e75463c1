import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectCommitted } from '../../../src/spool/committed.js';
import type { PageGroup } from '../../../src/spool/group.js';
import type { PageOutcome } from '../../../src/spool/record.js';
import { createSegmentWriter } from '../../../src/spool/segment-writer.js';
import type { Voids } from '../../../src/spool/which-counts.js';

interface Attempt {
  page: number;
  outcome: PageOutcome;
  attempt: number;
  /** Seconds into the batch. */
  at: number;
  rows: number;
  quarantined: number;
  /** Which of a document's pages it was; loaded, without. */
  soft?: { document: string; nth: number } | undefined;
  carried?: boolean | 'asked';
}

let dir: string;
let cases = 0;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-committed-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const timeOf = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();

/** Rows that name their attempt, so that a row of the wrong one is seen. */
function groupOf({ page, outcome, attempt, at, soft, carried, ...many }: Attempt): PageGroup {
  const url = `http://shop/p/${page}`;
  const lineOf = (index: number) => ({ page, index, url, fetchedAt: timeOf(at) });
  return {
    rows: Array.from({ length: many.rows }, (_, index) => ({
      kind: 'row' as const,
      ...lineOf(index),
      row: { of: `${page}/${attempt}/${at}` },
    })),
    quarantined: Array.from({ length: many.quarantined }, (_, index) => ({
      kind: 'quarantined' as const,
      ...lineOf(index),
      attempt,
      row: null,
      issues: [],
    })),
    page: {
      page,
      url,
      outcome,
      attempt,
      at: timeOf(at),
      ...(soft === undefined ? {} : { soft: { ...soft, digest: '' } }),
      ...(carried === undefined
        ? {}
        : {
            carried: {
              from: 'shop-20260101-aaaaaa',
              fetchedAt: timeOf(0),
              ...(carried === 'asked' ? { asked: true as const } : {}),
            },
          }),
    },
  };
}

async function collect(writers: readonly (readonly Attempt[])[], voids: Voids = {}) {
  const place = path.join(dir, `case-${cases++}`);
  const segments = path.join(place, 'segments');
  for (const [number, attempts] of writers.entries()) {
    const writer = createSegmentWriter({ dir: segments, writer: `w${number}`, maxBytes: 500 });
    for (const attempt of attempts) await writer.append(groupOf(attempt));
    await writer.close();
  }
  const files = { quarantined: `${place}-quarantined`, dead: `${place}-dead` };
  const worthAThread = cases % 3 === 0 ? 1 : undefined; // whoever reads them, it comes to the same
  const { rows, totals } = await collectCommitted({
    ...{ segments, ...files, work: `${place}-work`, voids, worthAThread },
  });
  const found: Record<string, unknown>[] = [];
  for await (const { path: file, ...said } of rows) {
    const lines = await linesIn(file);
    expect(said).toMatchObject({
      bytes: (await stat(file)).size,
      firstPage: lines[0]?.page,
      lastPage: lines.at(-1)?.page,
    });
    found.push(...lines);
  }
  const [quarantined, dead] = [await linesIn(files.quarantined), await linesIn(files.dead)];
  return { totals, rows: found, quarantined, dead };
}

async function linesIn(file: string): Promise<Record<string, unknown>[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The rule as the contract has it, said another way: the last completed attempt, else the last. */
function winnersOf(attempts: readonly Attempt[]): Attempt[] {
  const winners = new Map<number, Attempt>();
  for (const one of [...attempts].sort((a, b) => a.at - b.at)) {
    if (one.outcome === 'completed' || winners.get(one.page)?.outcome !== 'completed')
      winners.set(one.page, one);
  }
  return [...winners.values()];
}

const attempts = fc.uniqueArray(
  fc.record({
    page: fc.nat(12).map((page) => page * 7_919), // beyond the first bits of the bit map, too
    outcome: fc.constantFrom<PageOutcome>('completed', 'gone', 'skipped', 'dead'),
    attempt: fc.integer({ min: 1, max: 4 }),
    at: fc.nat(10_000),
    rows: fc.nat(3),
    quarantined: fc.nat(2),
    soft: fc.option(
      fc.record({ document: fc.constantFrom('a', 'b', 'c'), nth: fc.integer({ min: 1, max: 4 }) }),
      {
        nil: undefined,
      },
    ),
  }),
  { selector: (one) => one.at, maxLength: 25 },
);

/** Documents a and b were proven, to their second and fourth page. */
const proven = new Map([
  ['a', 2],
  ['b', 4],
]);

test('of each page the last completed attempt counts, else the last, without soft ones that nobody has proven, in whatever segment and order they stand', async () => {
  await fc.assert(
    fc.asyncProperty(attempts, fc.array(fc.nat(2), { minLength: 25, maxLength: 25 }), async (all, places) => {
      const writers = [0, 1, 2].map((writer) => all.filter((_, index) => places[index] === writer));
      const { totals, rows, quarantined, dead } = await collect(writers, { softBeyond: proven });
      const counting = all.filter(
        ({ outcome, soft }) =>
          soft === undefined || outcome === 'dead' || (proven.get(soft.document) ?? 0) >= soft.nth,
      );
      const winners = winnersOf(counting);
      const sum = (of: (one: Attempt) => number) => winners.reduce((total, one) => total + of(one), 0);
      expect(totals).toEqual({
        outcomes: {
          completed: winners.filter((one) => one.outcome === 'completed').length,
          gone: winners.filter((one) => one.outcome === 'gone').length,
          skipped: winners.filter((one) => one.outcome === 'skipped').length,
          dead: winners.filter((one) => one.outcome === 'dead').length,
        },
        soft: winners.filter((one) => one.soft !== undefined).length,
        carried: 0,
        asked: 0,
        renderedFor: {},
        attempts: sum((one) => one.attempt),
        rows: sum((one) => one.rows),
        quarantined: sum((one) => one.quarantined),
        superseded: counting.length - winners.length,
        weighed: { pages: 0, bytes: 0 },
      });
      const named = (lines: Record<string, unknown>[]) =>
        lines.map((line) => (line.row as { of: string }).of).sort();
      const expected = winners.flatMap((one) =>
        Array<string>(one.rows).fill(`${one.page}/${one.attempt}/${one.at}`),
      );
      expect(named(rows)).toEqual(expected.sort());
      expect(quarantined).toHaveLength(sum((one) => one.quarantined));
      const lost = winners.filter((one) => one.outcome === 'dead').map((one) => one.page);
      expect(dead.map((line) => line.page).sort()).toEqual(lost.sort());
    }),
    { numRuns: 60 },
  );
});

const one: Attempt = { page: 5, outcome: 'completed', attempt: 1, at: 10, rows: 2, quarantined: 1 };

test('the same attempt committed twice counts once', async () => {
  const { totals, rows } = await collect([[one], [one], [one]]);
  expect(totals).toMatchObject({ outcomes: { completed: 1 }, rows: 2, superseded: 2 });
  expect(rows).toHaveLength(2);
});

test('a dead letter that was put back does not count; what came of it afterwards does', async () => {
  const dead: Attempt = { ...one, outcome: 'dead', attempt: 3, rows: 0, quarantined: 0 };
  const putBack = timeOf(15);
  expect((await collect([[dead]], { deadBefore: putBack })).totals.outcomes).toEqual({
    completed: 0,
    gone: 0,
    skipped: 0,
    dead: 0,
  });
  const again = await collect([[dead], [{ ...dead, at: 20 }]], { deadBefore: putBack });
  expect(again.totals).toMatchObject({ outcomes: { dead: 1 }, superseded: 0 });
  expect(again.dead.map((line) => line.at)).toEqual([timeOf(20)]);
  const mended = await collect([[dead], [{ ...one, at: 20 }]], { deadBefore: putBack });
  expect(mended.totals).toMatchObject({ outcomes: { completed: 1, dead: 0 }, rows: 2 });
  expect(mended.dead).toEqual([]);
});

test('pages that were carried over count until one of them is found to be wrong', async () => {
  const carried: Attempt = { ...one, attempt: 0, carried: true };
  expect((await collect([[carried]])).totals).toMatchObject({
    outcomes: { completed: 1 },
    carried: 1,
    rows: 2,
  });
  const asked: Attempt = { ...carried, page: one.page + 1, carried: 'asked' };
  expect((await collect([[carried, asked]])).totals).toMatchObject({ carried: 2, asked: 1 });
  const inVain = await collect([[carried]], { carried: true });
  expect(inVain.totals).toMatchObject({ outcomes: { completed: 0 }, carried: 0, rows: 0 });
  const rendered = await collect([[carried], [{ ...one, at: 5, rows: 1 }]], { carried: true });
  expect(rendered.totals).toMatchObject({ outcomes: { completed: 1 }, carried: 0, rows: 1, superseded: 0 });
});

test('stops when it is told to', async () => {
  const segments = path.join(dir, `case-${cases++}`);
  const writer = createSegmentWriter({ dir: segments, writer: 'w' });
  await writer.append(groupOf(one));
  await writer.close();
  const files = { work: `${segments}-r`, quarantined: `${segments}-q`, dead: `${segments}-d` };
  const signal = AbortSignal.abort(new Error('stopping'));
  await expect(collectCommitted({ segments, ...files, signal })).rejects.toThrow('stopping');
});

test('pages too large to be held, commits longer than what is read at once, and small ones between them', async () => {
  const segments = path.join(dir, `case-${cases++}`);
  const writer = createSegmentWriter({ dir: segments, writer: 'w' });
  const large = (page: number, at: number): PageGroup => {
    const group = groupOf({ ...one, page, at, rows: 3_000, quarantined: 2_000 });
    for (const row of group.rows) row.row = { of: `${page}/${at}`, text: 'x'.repeat(600) };
    return group;
  };
  const follow = Array.from({ length: 60_000 }, (_, n) => ({
    url: `http://shop/p/${n}/of/a/longer/address`,
  }));
  const chatty = groupOf({ ...one, page: 7 });
  const groups = [
    large(9, 10),
    groupOf({ ...one, page: 3 }),
    { ...chatty, page: { ...chatty.page, follow } },
    large(2, 10),
    groupOf({ ...one, page: 1 }),
    large(9, 20),
  ];
  for (const group of groups) await writer.append(group);
  await writer.close();
  const files = { work: `${segments}-work`, quarantined: `${segments}-q`, dead: `${segments}-d` };
  const { rows, totals } = await collectCommitted({ segments, ...files });
  const found: Record<string, unknown>[] = [];
  let longest = 0;
  for await (const file of rows) {
    found.push(...(await linesIn(file.path)));
    longest = Math.max(longest, file.longest);
  }
  const pageOf = (page: number, count: number) => Array<number>(count).fill(page);
  const pages = [...pageOf(1, 2), ...pageOf(2, 3_000), ...pageOf(3, 2), ...pageOf(7, 2), ...pageOf(9, 3_000)];
  expect(found.map(({ page }) => page)).toEqual(pages);
  expect(
    found.filter(({ page }) => page === 9).every(({ row }) => (row as { of: string }).of === '9/20'),
  ).toBe(true);
  expect(longest).toBeGreaterThan(600);
  expect(totals).toMatchObject({
    rows: 6_006,
    quarantined: 4_003,
    superseded: 1,
    outcomes: { completed: 5 },
  });
  expect(await linesIn(files.quarantined)).toHaveLength(4_003);
});
