import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Frontier,
  type FrontierPage,
  type NewPage,
  openFrontier,
} from '../../../src/discovery/frontier.js';

let dir: string;
let cases = 0;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-frontier-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const newFile = (): string => path.join(dir, `frontier-${cases++}.ndjson`);

async function allOf(frontier: Frontier): Promise<FrontierPage[]> {
  const pages: FrontierPage[] = [];
  for await (const portion of frontier.read()) pages.push(...portion);
  return pages;
}

const numbered = (pages: readonly NewPage[]): FrontierPage[] => pages.map((page, n) => ({ n, ...page }));
const page: fc.Arbitrary<NewPage> = fc.record(
  {
    url: fc.webUrl(),
    label: fc.string({ unit: 'binary' }),
    data: fc.constantFrom('a\nb', '\u2028', 7, [1], { deep: ['x'] }),
    skip: fc.constantFrom('robots' as const, 'limit' as const),
    from: fc.nat(),
  },
  { requiredKeys: ['url'] },
);

test('pages are numbered in order, over any number of openings', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(page, { maxLength: 5 }), { maxLength: 4 }), async (portions) => {
      const file = newFile();
      for (const portion of portions) {
        const frontier = await openFrontier(file);
        await frontier.append(portion);
        await frontier.close();
      }
      const frontier = await openFrontier(file);
      const expected = numbered(JSON.parse(JSON.stringify(portions.flat())) as NewPage[]);
      expect(await allOf(frontier)).toEqual(expected);
      expect(frontier.size).toBe(expected.length);
      await frontier.close();
    }),
    { numRuns: 40 },
  );
});

test('cut at any byte: whole lines stay, the torn one is cut off, and the next page takes its number', async () => {
  const file = newFile();
  const pages = [
    { url: 'http://shop/p/1', label: 'ü' },
    { url: 'http://shop/p/2' },
    { url: 'http://shop/p/3' },
  ];
  const first = await openFrontier(file);
  await first.append(pages);
  await first.close();
  const bytes = await readFile(file);
  for (let cut = 0; cut <= bytes.length; cut++) {
    await writeFile(file, bytes.subarray(0, cut));
    await truncate(file, cut);
    const whole = bytes.subarray(0, cut).filter((byte) => byte === 10).length;
    const frontier = await openFrontier(file);
    expect(frontier.size).toBe(whole);
    await frontier.append([{ url: 'http://shop/next' }]);
    expect(await allOf(frontier)).toEqual(numbered([...pages.slice(0, whole), { url: 'http://shop/next' }]));
    await frontier.close();
  }
});

test('garbage of a power cut, longer than a chunk, is cut off', async () => {
  const file = newFile();
  const frontier = await openFrontier(file);
  await frontier.append([{ url: 'http://shop/p/1' }]);
  await frontier.close();
  const before = await readFile(file);
  await appendFile(file, Buffer.alloc(600_000));
  const again = await openFrontier(file);
  expect(again.size).toBe(1);
  await again.close();
  expect(await readFile(file)).toEqual(before);
});

test('a cursor leads through the frontier in portions of any size, across chunks, and on to pages added later', async () => {
  const frontier = await openFrontier(newFile());
  const pages = Array.from({ length: 5_000 }, (_, at) => ({
    url: `http://shop/p/${at}?${'x'.repeat(at % 300)}`,
  }));
  await frontier.append(pages);
  const seen: FrontierPage[] = [];
  let { pages: portion, next } = await frontier.readFrom(undefined, 1);
  for (let count = 1; portion.length > 0; count = (count * 7) % 997) {
    seen.push(...portion);
    ({ pages: portion, next } = await frontier.readFrom(next, count));
  }
  expect(seen).toEqual(numbered(pages));
  await frontier.append([{ url: 'http://shop/late' }]);
  expect((await frontier.readFrom(next, 10)).pages).toEqual([{ n: 5_000, url: 'http://shop/late' }]);
  await frontier.close();
});
