/** Pages of a delivered dataset and their rows: both readers give the same. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { encodeRow } from '../../../src/dataset/encode.js';
import { rowsOfPages, spread, spreadPages } from '../../../src/dataset/read-back.js';
import { buildDataset, columnsIn, ENGINES, makeFolder, recordAt, writeRows } from './row-files.js';

const schema = z.object({ sku: z.string(), tags: z.array(z.string()), at: z.date().optional() });
const columns = columnsIn(schema);
const PAGES = 40;

/** Three rows a page, in files of 50 rows. */
async function build(engine: (typeof ENGINES)[number]) {
  const records = Array.from({ length: PAGES * 3 }, (_, at) => {
    const row = { sku: `s${at}`, tags: ['a', String(at)], at: at % 2 === 0 ? new Date(at) : undefined };
    return recordAt(Math.floor(at / 3), at % 3, encodeRow(columns, row));
  });
  const rows = [await writeRows(await makeFolder(), 'rows.ndjson', records)];
  const { paths, files } = await buildDataset({ columns, key: ['sku'], engine, rows, rowsPerFile: 50 });
  return files.map((file, at) => ({ path: paths[at] as string, rows: file.rows }));
}

const urlOf = (page: number): string => recordAt(page, 0, {}).url;

test.each(ENGINES)(
  '%s: pages spread over all files, and all rows of a page that two files share',
  async (engine) => {
    const files = await build(engine);
    expect(files.length).toBe(3);
    const readers = engine === 'duckdb' ? (['duckdb'] as const) : ENGINES;
    for (const reader of readers) {
      const pages = await spreadPages(files, 4, reader);
      expect(pages).toEqual([5, 15, 25, 35].map(urlOf));
      expect(await spreadPages(files, 1_000, reader)).toHaveLength(PAGES);
      const rows = await rowsOfPages(files, [urlOf(16), urlOf(3)], reader);
      expect(rows.map(({ sku }) => sku)).toEqual(['s9', 's10', 's11', 's48', 's49', 's50']);
      expect(rows[0]).toMatchObject({ tags: ['a', '9'], at: null, _page_url: urlOf(3) });
      expect(await rowsOfPages(files, ['http://nowhere/'], reader)).toEqual([]);
      expect(await rowsOfPages(files, [], reader)).toEqual([]);
    }
  },
);

test('spread: at equal distances, in their order', () => {
  expect(spread([1, 2, 3], 5)).toEqual([1, 2, 3]);
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 2)).toEqual([2, 7]);
  expect(spread([], 3)).toEqual([]);
});
