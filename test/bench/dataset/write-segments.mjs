// @ts-check
/** Writes the catalogue as a farm of two workers leaves it: segments, their pages a little out of order. */
import { distinctOf, rowAt, schema } from './catalogue.mjs';
import { columnsPart, encodePart, segmentWriterPart } from './farm-part.mjs';

const WORKERS = 2;
/** Pages that are under way at once; they end in another order. */
const IN_FLIGHT = 16;
/** Appended in company, so that the disk's syncs do not take the time. */
const AT_ONCE = 4_096;
const START_MS = Date.UTC(2026, 2, 1, 1);

/**
 * @param {string} dir
 * @param {{ rows: number, rowsPerPage: number }} size
 */
export async function writeSegments(dir, { rows, rowsPerPage }) {
  const { createSegmentWriter } = await segmentWriterPart();
  const { columnsOf } = await columnsPart();
  const { encodeRow } = await encodePart();
  const { columns } = columnsOf(schema);
  const writers = Array.from({ length: WORKERS }, (_, at) =>
    createSegmentWriter({ dir, writer: `worker-${at}` }),
  );
  const pages = Math.ceil(rows / rowsPerPage);

  /** @param {number} page @returns {import('../../../src/spool/group.js').PageGroup} */
  function groupOf(page) {
    const url = `http://127.0.0.1:4000/p/${page}`;
    const at = new Date(START_MS + page * 12).toISOString();
    const first = page * rowsPerPage;
    const found = Array.from({ length: Math.min(rowsPerPage, rows - first) }, (_, index) => ({
      kind: /** @type {const} */ ('row'),
      page,
      index,
      url,
      fetchedAt: at,
      row: encodeRow(columns, rowAt(first + index)),
    }));
    return { rows: found, quarantined: [], page: { page, url, outcome: 'completed', attempt: 1, at } };
  }
  for (let from = 0; from < pages; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, pages - from) }, (_, at) => from + at);
    await Promise.all(
      numbers.map((_, at) => {
        const page = numbers[swapped(at, numbers.length)] ?? 0;
        return writers[at % WORKERS]?.append(groupOf(page));
      }),
    );
  }
  for (const writer of writers) await writer.close();
  return { pages, distinct: distinctOf(rows) };
}

/** Within each full run of pages in flight the order is turned round. @param {number} at @param {number} length */
function swapped(at, length) {
  const from = at - (at % IN_FLIGHT);
  return from + IN_FLIGHT > length ? at : from + IN_FLIGHT - 1 - (at % IN_FLIGHT);
}
