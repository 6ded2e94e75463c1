import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectCommitted } from '../../../src/spool/committed.js';
import { type Dealt, dealCommitted, type SegmentPages } from '../../../src/spool/deal.js';
import { dealtRows, writeOthers } from '../../../src/spool/dealt.js';
import type { PageGroup } from '../../../src/spool/group.js';
import { recordsOf } from '../../../src/spool/lines.js';
import type { PageOutcome } from '../../../src/spool/record.js';
import { createRepeats, createRivals } from '../../../src/spool/rivals.js';
import type { RowFile } from '../../../src/spool/row-files.js';
import { listSegments } from '../../../src/spool/segment-reader.js';
import { createSegmentWriter } from '../../../src/spool/segment-writer.js';
import { noTotals, sumOf } from '../../../src/spool/totals.js';
import type { Voids } from '../../../src/spool/which-counts.js';

let dir: string;
let cases = 0;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-deal-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const attempt = fc.record({
  page: fc.nat(8).map((page) => page * 7_919),
  outcome: fc.constantFrom<PageOutcome>('completed', 'gone', 'dead'),
  attempt: fc.integer({ min: 1, max: 3 }),
  /** Some at the same moment: then the later one in the segments counts. */
  at: fc.nat(5),
  keys: fc.array(fc.nat(40), { maxLength: 4 }),
  quarantined: fc.nat(2),
  soft: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  weight: fc.option(fc.nat(100), { nil: undefined }),
  proxyBytes: fc.option(fc.nat(100), { nil: undefined }),
});
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

/** Every row says whose it is, so that one of the wrong attempt is seen. */
function groupOf({ page, keys, quarantined, soft, weight, proxyBytes, ...one }: Attempt, nth: number) {
  const url = `http://shop/p/${page}`;
  const at = new Date(Date.UTC(2026, 0, 1) + one.at * 1_000).toISOString();
  const lineOf = (index: number) => ({ page, index, url, fetchedAt: at });
  const group: PageGroup = {
    rows: keys.map((key, index) => ({ kind: 'row', ...lineOf(index), row: { key, of: nth } })),
    quarantined: Array.from({ length: quarantined }, (_, index) => ({
      ...{ kind: 'quarantined', ...lineOf(index), attempt: one.attempt, row: nth, issues: [] },
    })),
    page: {
      ...{ ...one, page, url, at },
      ...(soft === undefined ? {} : { soft: { document: 'a', nth: soft, digest: '' } }),
      ...(weight === undefined ? {} : { weight }),
      ...(proxyBytes === undefined ? {} : { proxyBytes }),
    },
  };
  return group;
}

const voids: Voids = { softBeyond: new Map([['a', 2]]), deadBefore: '2026-01-01T00:00:02.000Z' };

async function writeAll(segments: string, attempts: readonly Attempt[]): Promise<void> {
  await mkdir(segments, { recursive: true });
  for (const writer of [0, 1]) {
    const own = createSegmentWriter({ dir: segments, writer: `w${writer}`, maxBytes: 400 });
    for (const [nth, one] of attempts.entries()) if (nth % 2 === writer) await own.append(groupOf(one, nth));
    await own.close();
  }
}

async function textOf(files: AsyncIterable<RowFile>): Promise<string> {
  let text = '';
  for await (const file of files) text += await readFile(file.path, 'utf8');
  return text;
}

async function inOnePiece(place: string, segments: string) {
  const others = { quarantined: path.join(place, 'quarantined'), dead: path.join(place, 'dead') };
  const { rows, totals } = await collectCommitted({
    ...{ segments, ...others, voids },
    work: path.join(place, 'work'),
  });
  const text = await textOf(rows);
  return { text, totals, others: await Promise.all(Object.values(others).map((file) => readFile(file))) };
}

/** The segments in as many parts, each dealt by itself; the partitions put together again. */
async function dealt(
  place: string,
  segments: string,
  { parts, partitions }: { parts: number; partitions: number },
) {
  const files = await listSegments(segments);
  const folders: { folder: string; dealt: Dealt }[] = [];
  const each = Math.max(1, Math.ceil(files.length / parts));
  for (let first = 0; first < files.length; first += each) {
    const [folder, out] = [path.join(place, `part-${first}`), path.join(place, `dealt-${first}`)];
    for (const one of [folder, out]) await mkdir(one, { recursive: true });
    for (const file of files.slice(first, first + each))
      await rename(file, path.join(folder, path.basename(file)));
    const partitionOf = (row: Record<string, unknown>) => Number(row.key) % partitions;
    const deal = { segments: folder, first, partitions, partitionOf, out, voids };
    folders.push({ folder, dealt: await dealCommitted(deal) });
  }
  const totals = folders.reduce((sum, one) => sumOf(sum, one.dealt.totals), noTotals());
  const repeats = createRepeats();
  const numbers = new Map<string, number>();
  for (const { pages } of folders.map((one) => one.dealt))
    for await (const one of recordsOf<SegmentPages>(pages)) {
      repeats.add(one);
      numbers.set(one.name, one.segment);
    }
  const rivals = createRivals(repeats.found, { voids, totals });
  for (const { folder } of folders) await rivals.meet(folder, (name) => numbers.get(name) ?? -1);
  const winners = rivals.winners();
  const texts: string[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const own = folders.map((one) => one.dealt.partitions[partition] ?? '');
    const work = path.join(place, `work-${partition}`);
    texts.push(await textOf(dealtRows({ files: own, winners, work })));
  }
  const others = { quarantined: path.join(place, 'q'), dead: path.join(place, 'd') };
  const own = folders.map((one) => one.dealt.others);
  await writeOthers({ files: own, winners, work: path.join(place, 'work-others'), ...others });
  return { texts, totals, others: await Promise.all(Object.values(others).map((file) => readFile(file))) };
}

test('however the segments are split and however many partitions there are, the same rows count, in the same order', async () => {
  const several = { parts: fc.integer({ min: 1, max: 4 }), partitions: fc.integer({ min: 1, max: 5 }) };
  await fc.assert(
    fc.asyncProperty(fc.array(attempt, { maxLength: 25 }), fc.record(several), async (attempts, how) => {
      const place = path.join(dir, `case-${cases++}`);
      const segments = path.join(place, 'segments');
      await writeAll(segments, attempts);
      const whole = await inOnePiece(place, segments);
      const { texts, totals, others } = await dealt(place, segments, how);
      expect(totals).toEqual(whole.totals);
      expect(others).toEqual(whole.others);
      const lines = whole.text.split('\n').slice(0, -1);
      for (const [partition, text] of texts.entries()) {
        const isOwn = (line: string) => JSON.parse(line).row.key % how.partitions === partition;
        expect(text.split('\n').slice(0, -1)).toEqual(lines.filter(isOwn));
      }
      await rm(place, { recursive: true });
    }),
    { numRuns: 25 },
  );
});

test('a page with more rows than are held at once has them in their order', async () => {
  const place = path.join(dir, `case-${cases++}`);
  const segments = path.join(place, 'segments');
  const keys = Array.from({ length: 30_000 }, (_, key) => key);
  const large: Attempt = {
    ...{ page: 3, outcome: 'completed', attempt: 1, at: 1, keys, quarantined: 1 },
    ...{ soft: undefined, weight: undefined, proxyBytes: undefined },
  };
  await writeAll(segments, [{ ...large, page: 1, keys: [1, 2] }, large, { ...large, page: 2, keys: [3] }]);
  const whole = await inOnePiece(place, segments);
  const { texts, totals, others } = await dealt(place, segments, { parts: 2, partitions: 3 });
  expect(totals).toEqual(whole.totals);
  expect(others).toEqual(whole.others);
  const lines = whole.text.split('\n').slice(0, -1);
  expect(lines).toHaveLength(30_003);
  for (const [partition, text] of texts.entries())
    expect(text.split('\n').slice(0, -1)).toEqual(
      lines.filter((line) => JSON.parse(line).row.key % 3 === partition),
    );
});
