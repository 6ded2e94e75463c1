/** Entries on a real disk, in more runs than one: none is lost, changed, or comes before its page's turn. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPageRuns, inPageOrder } from '../../../src/spool/page-order.js';
import type { Entry } from '../../../src/spool/run.js';

let dir: string;
let cases = 0;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-order-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function ordered(entries: readonly Entry[], memoryBytes: number): Promise<Entry[]> {
  const place = path.join(dir, `case-${cases++}`);
  await mkdir(place);
  const runs = createPageRuns(place, { memoryBytes });
  for (const entry of entries) await runs.add(entry);
  const found: Entry[] = [];
  for await (const some of inPageOrder(await runs.end()))
    found.push(...some.map((entry) => ({ ...entry, body: Buffer.from(entry.body) })));
  return found;
}

/** `at`: the place among all that were added, kept where nothing looks at it. */
function entryOf(page: number, at: number, bytes: number): Entry {
  const body = Buffer.alloc(bytes, `${page} ${at} `);
  return {
    page,
    marks: at % 8,
    segment: at,
    start: at * 2 ** 33,
    bytes: 2 ** 40 + at,
    commitBytes: at,
    body,
  };
}

test('by page, and within a page as they were added, whatever fits into memory', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ page: fc.nat(40).map((n) => n * 50_000_000), bytes: fc.nat(300) }), {
        maxLength: 80,
      }),
      fc.constantFrom(1, 400, 3_000, 1_000_000),
      async (given, memoryBytes) => {
        const entries = given.map(({ page, bytes }, at) => entryOf(page, at, bytes));
        const expected = entries.toSorted((a, b) => a.page - b.page || a.segment - b.segment);
        expect(await ordered(entries, memoryBytes)).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

test('of more entries than are sorted at once, some larger than what is read at once', async () => {
  const entries = Array.from({ length: 80_000 }, (_, at) =>
    entryOf((at * 7_919) % 50_021, at, at % 30_000 === 7 ? 2_500_000 : at % 20),
  );
  const found = await ordered(entries, 4_000_000);
  expect(found).toHaveLength(entries.length);
  for (const [at, entry] of found.entries()) {
    const before = found[at - 1];
    if (
      before !== undefined &&
      (before.page > entry.page || (before.page === entry.page && before.segment > entry.segment))
    )
      expect.fail(`${entry.page} of ${entry.segment} comes after ${before.page} of ${before.segment}`);
    const given = entries[entry.segment];
    if (given?.page !== entry.page || !given.body.equals(entry.body))
      expect.fail(`entry ${entry.segment} was changed`);
  }
  expect(new Set(found.map(({ segment }) => segment)).size).toBe(entries.length);
});
