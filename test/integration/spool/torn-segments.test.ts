/** Segments on a real disk, cut and spoiled at any byte: what was acknowledged before the damage is read, nothing else. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeGroup, type PageGroup } from '../../../src/spool/group.js';
import { linesAt } from '../../../src/spool/lines.js';
import { readAllGroups } from '../../../src/spool/segment-reader.js';
import { createSegmentWriter } from '../../../src/spool/segment-writer.js';
import { isLong } from '../../support/long.js';

let dir: string;
let cases = 0;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-spool-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** Texts that look like the file's own structure are the dangerous ones. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '{"kind":"page","page":1,"bytes":0,"crc":0}\n',
    '\n{"kind":"page",',
    '\u2028\u2029',
    '\r\n',
    '',
  ),
);
const record = {
  page: fc.nat(50),
  index: fc.nat(9),
  url: fc.webUrl(),
  fetchedAt: fc.constant('2026-01-01T00:00:00.000Z'),
};
const group: fc.Arbitrary<PageGroup> = fc.record({
  rows: fc.array(
    fc.record({
      kind: fc.constant('row' as const),
      ...record,
      row: fc.dictionary(text, text, { maxKeys: 3 }),
    }),
    { maxLength: 3 },
  ),
  quarantined: fc.array(
    fc.record({
      kind: fc.constant('quarantined' as const),
      ...record,
      attempt: fc.constant(1),
      row: text,
      issues: fc.constant([]),
    }),
    { maxLength: 2 },
  ),
  page: fc.record({
    page: fc.nat(50),
    url: fc.webUrl(),
    outcome: fc.constantFrom('completed' as const, 'gone' as const, 'dead' as const),
    attempt: fc.integer({ min: 1, max: 4 }),
    at: fc.constant('2026-01-01T00:00:00.000Z'),
  }),
});
const groups = fc.array(group, { minLength: 1, maxLength: 6 });

async function written(all: readonly PageGroup[], maxBytes?: number): Promise<string> {
  const place = path.join(dir, `case-${cases++}`);
  const writer = createSegmentWriter({
    dir: place,
    writer: 'w',
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  await Promise.all(all.map((one) => writer.append(one)));
  await writer.close();
  return place;
}

/** What a reader makes of a folder: the bytes of each group, commit and all. */
async function readBack(place: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { page, body, place: at, commitBytes } of readAllGroups(place)) {
    let text = '';
    for await (const lines of linesAt(at)) text += Buffer.concat(lines).toString('utf8');
    expect(body?.toString('utf8')).toBe(text);
    const commit = `${JSON.stringify(page)}\n`;
    expect(commitBytes).toBe(Buffer.byteLength(commit));
    found.push(`${text}${commit}`);
  }
  return found;
}

const bytesOf = (all: readonly PageGroup[]): string[] => all.map((one) => encodeGroup(one).toString('utf8'));

/** The groups that end at or before a byte, and how many bytes they have. */
function wholeBefore(all: readonly PageGroup[], byte: number): { groups: string[]; bytes: number } {
  const whole: string[] = [];
  let bytes = 0;
  for (const one of bytesOf(all)) {
    const next = bytes + Buffer.byteLength(one);
    if (next > byte) break;
    whole.push(one);
    bytes = next;
  }
  return { groups: whole, bytes };
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true });

/** A spoiled copy of a segment in a folder of its own. */
async function damaged(bytes: Buffer): Promise<string> {
  const place = path.join(dir, `case-${cases++}`);
  await mkdir(place, { recursive: true });
  await writeFile(path.join(place, 'w-00000.ndjson'), bytes);
  return place;
}

test('what is appended is read, in order, in one segment or in many', async () => {
  await fc.assert(
    fc.asyncProperty(groups, fc.constantFrom(undefined, 1, 300), async (all, maxBytes) => {
      const place = await written(all, maxBytes);
      expect(await readBack(place)).toEqual(bytesOf(all));
    }),
    { numRuns: 60 },
  );
});

test('cut at any byte: every group before the cut, and nothing of the torn one', async () => {
  await fc.assert(
    fc.asyncProperty(groups, async (all) => {
      const place = await written(all);
      const bytes = await readFile(path.join(place, 'w-00000.ndjson'));
      const last = wholeBefore(all, bytes.length - 1);
      const cuts = [0, last.bytes, last.bytes + 1, bytes.length - 1, bytes.length];
      for (let at = 0; at < 20; at++) cuts.push(Math.floor((bytes.length * at) / 20));
      for (const cut of cuts) {
        const torn = await damaged(bytes.subarray(0, cut));
        expect(await readBack(torn)).toEqual(wholeBefore(all, cut).groups);
      }
    }),
    { numRuns: 25 },
  );
});

test('every single byte of a file of two groups as the cut', async () => {
  const [all] = fc.sample(fc.array(group, { minLength: 2, maxLength: 2 }), { numRuns: 1, seed: 7 }) as [
    PageGroup[],
  ];
  const place = await written(all);
  const bytes = await readFile(path.join(place, 'w-00000.ndjson'));
  for (let cut = 0; cut <= bytes.length; cut++) {
    await writeFile(path.join(place, 'w-00000.ndjson'), bytes.subarray(0, cut));
    expect(await readBack(place)).toEqual(wholeBefore(all, cut).groups);
  }
});

test('a flipped byte spoils the group that it is in and no other', async () => {
  await fc.assert(
    fc.asyncProperty(groups, fraction, fc.integer({ min: 1, max: 255 }), async (all, where, mask) => {
      const bytes = Buffer.concat(all.map(encodeGroup));
      const at = Math.min(bytes.length - 1, Math.floor(where * bytes.length));
      const before = wholeBefore(all, at);
      const expected = bytesOf(all);
      bytes[at] = (bytes[at] ?? 0) ^ mask;
      const found = await readBack(await damaged(bytes));
      const spoiled = before.groups.length;
      expect(found.slice(0, spoiled)).toEqual(before.groups);
      const others = expected.filter((_, index) => index !== spoiled);
      const rest = found.filter((one) => !others.includes(one));
      // Within the commit's own words nothing but its parse protects it; rows and their number are as acknowledged.
      expect(rest.map(rowsOf)).toEqual(rest.map(() => rowsOf(expected[spoiled] ?? '')));
      expect(rest.length).toBeLessThanOrEqual(1);
      expect(found.filter((one) => others.includes(one))).toEqual(others);
    }),
    { numRuns: isLong ? 200 : 80 },
  );
});

test('garbage behind the last group, and groups appended behind garbage', async () => {
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    group.chain((one) => fraction.map((part) => cutOf(encodeGroup(one), part))),
    fc.constant(Buffer.from('{"kind":"page","page":3,"bytes":99999,"crc":1}\n')),
    fc.constant(Buffer.from('{"kind":"page","page":3,"bytes":-5,"crc":0}\n')),
    fc.constant(Buffer.alloc(4096)),
  );
  await fc.assert(
    fc.asyncProperty(groups, garbage, groups, async (before, middle, after) => {
      const tail = await damaged(Buffer.concat([...before.map(encodeGroup), middle]));
      expect(await readBack(tail)).toEqual(bytesOf(before));
      const ended = Buffer.concat([middle, Buffer.from('\n')]);
      const both = await damaged(
        Buffer.concat([...before.map(encodeGroup), ended, ...after.map(encodeGroup)]),
      );
      expect(await readBack(both)).toEqual([...bytesOf(before), ...bytesOf(after)]);
    }),
    { numRuns: isLong ? 150 : 60 },
  );
});

test('only segments are read, and a folder that is not there has none', async () => {
  const [one] = fc.sample(group, { numRuns: 1, seed: 3 }) as [PageGroup];
  const place = await written([one]);
  await writeFile(path.join(place, 'w-00001.ndjson.tmp'), encodeGroup(one));
  expect(await readdir(place)).toHaveLength(2);
  expect(await readBack(place)).toEqual(bytesOf([one]));
  expect(await readBack(path.join(place, 'nowhere'))).toEqual([]);
});

/** Never the whole: at least the last brace and newline are missing. */
function cutOf(bytes: Buffer, part: number): Buffer {
  return bytes.subarray(0, Math.min(bytes.length - 2, Math.floor(part * bytes.length)));
}

const rowsOf = (text: string): string[] => text.split('\n').slice(0, -2);
