/**
 * A batch in a farm's store whose pages are all fetched: what comes next is its dataset. Rows with one key stand in one
 * page and in several; pages were committed twice with other rows, by one worker and by two; one page is gone, one dead,
 * some rows were refused.
 */
import path from 'node:path';
import { loadChecked } from '../../src/batch/context.js';
import { enterState } from '../../src/batch/journal.js';
import { openShare, type Share } from '../../src/batch/share.js';
import { sharedFrontier } from '../../src/batch/shared-frontier.js';
import { type BatchSpec, batchFiles } from '../../src/batch/spec.js';
import { encodeRow } from '../../src/dataset/encode.js';
import { openFrontier } from '../../src/discovery/frontier.js';
import type { PageGroup } from '../../src/spool/group.js';
import { createObjectWriter } from '../../src/spool/object-writer.js';

export const FETCHED = { target: 'large', date: '2026-03-01', batch: 'large-20260301-0a1b2c' };
const PAGES = 60;
const ROWS_PER_PAGE = 25;
/** Fewer than rows. */
const KEYS = 1_200;
const GONE = 50;
const DEAD = 51;

export const fetchedTarget = `
import { defineTarget } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${FETCHED.target}',
  schema: z.object({
    sku: z.string(),
    part: z.number().int(),
    title: z.string(),
    price: z.number().optional(),
    isNew: z.boolean(),
    listedAt: z.date().optional(),
    tags: z.array(z.string()),
  }),
  key: ['sku', 'part'],
  discover: ['http://127.0.0.1:9/never-asked'],
  extract: () => [],
  gate: { minCompleted: 0.9 },
});
`;

export interface FetchedBatchOptions {
  /** A folder of the test, for what is no longer needed afterwards. */
  dir: string;
  /** `fetchedTarget` as a file. */
  file: string;
  store: string;
  s3: { endpoint: string };
  out: string;
}

/** Whoever works for the farm finds it in the store. Returns its spec. */
export async function putFetchedBatch({
  dir,
  file,
  store,
  s3,
  out,
}: FetchedBatchOptions): Promise<BatchSpec> {
  const home = path.join(dir, 'maker');
  const share = (await openShare(store, { home, s3 })) as Share;
  const { target: name, date, batch } = FETCHED;
  const target = await loadChecked(file);
  const spec: BatchSpec = {
    ...{ id: batch, target: name, date, out },
    ...{ targetFile: target.file, targetHash: target.hash, createdAt: '2026-03-01T00:00:00.000Z' },
  };
  const own = share.of(batch);
  await own.putSpec(spec);
  const record = await own.take('the test');
  const { journal, frontier: pagesFile } = batchFiles(home, batch);
  const frontier = sharedFrontier(await openFrontier(pagesFile), record);
  await frontier.append(Array.from({ length: PAGES }, (_, page) => ({ url: urlOf(page) })));
  await frontier.close();
  const putSegment = (segment: string, body: Buffer) => own.putSegment(segment, body);
  for (const [writer, groups] of [committed('first'), committed('second')].entries()) {
    // One by one in small segments, as if they had come in the course of an hour.
    const segments = createObjectWriter({ put: putSegment, writer: `w${writer}`, ageMs: 0 });
    for (let at = 0; at < groups.length; at += 8)
      await Promise.all(
        groups.slice(at, at + 8).map(({ rows, ...group }) =>
          segments.append({
            ...group,
            rows: rows.map((one) => ({ ...one, row: encodeRow(target.columns ?? [], one.row) })),
          }),
        ),
      );
    await segments.close();
  }
  for (const state of ['discovering', 'fetching', 'aggregating'] as const)
    await record.entered(await enterState(journal, state));
  share.close();
  return spec;
}

const urlOf = (page: number): string => `http://127.0.0.1:9/p/${page}`;

/** What a worker committed: the first the even pages, the second the odd ones; and each some of them again. */
function committed(by: 'first' | 'second'): PageGroup[] {
  const pages = Array.from({ length: PAGES }, (_, page) => page);
  const own = pages.filter((page) => page % 2 === (by === 'first' ? 0 : 1)).map((page) => groupOf(page, 1));
  return by === 'first'
    ? [...own, groupOf(8, 2), groupOf(31, 2), groupOf(33, 2)]
    : [groupOf(12, 2), ...own, groupOf(33, 3)];
}

function groupOf(page: number, attempt: number): PageGroup {
  const url = urlOf(page);
  const at = new Date(Date.UTC(2026, 2, 1) + page * 1_000 + attempt * 60_000).toISOString();
  const outcome = page === GONE ? 'gone' : page === DEAD ? 'dead' : 'completed';
  const rows = outcome === 'completed' ? ROWS_PER_PAGE - attempt : 0;
  const lineOf = (index: number) => ({ page, index, url, fetchedAt: at });
  return {
    rows: Array.from({ length: rows }, (_, index) => ({
      ...{ kind: 'row', ...lineOf(index) },
      row: rowOf(page, index, attempt),
    })),
    quarantined: Array.from({ length: page % 20 === 3 ? 2 : 0 }, (_, index) => ({
      ...{ kind: 'quarantined', ...lineOf(index), attempt, row: { page } },
      issues: [{ path: 'sku', code: 'invalid_type', message: 'expected string' }],
    })),
    page: {
      ...{ page, url, outcome, attempt, at },
      ...(outcome === 'dead' ? { failure: { code: 'PAGE_TIMEOUT', message: 'no answer' } } : {}),
    },
  };
}

function rowOf(page: number, index: number, attempt: number): Record<string, unknown> {
  const key = index === 5 ? page * ROWS_PER_PAGE : (page * ROWS_PER_PAGE + index) % KEYS;
  return {
    sku: `sku-${key % 400}`,
    part: Math.floor(key / 400),
    title: `page ${page}, row ${index}, attempt ${attempt}: ${'ä long description '.repeat(12)}`,
    ...(key % 7 === 0 ? {} : { price: page + index / 100 }),
    isNew: key % 3 === 0,
    ...(key % 5 === 0 ? {} : { listedAt: new Date(Date.UTC(2026, 0, 1) + page * 1_000 + index) }),
    tags: [`tag ${index % 4}`],
  };
}
