// @ts-check
/** What a contender is given, and how it says what it read: a JSON file whose path is its argument, a line a page. */
import { readFileSync } from 'node:fs';

/** @typedef {import('../rows-when-shown.mjs').Wanted} Wanted */
/** @typedef {import('../rows-when-shown.mjs').Row} Row */

/**
 * @typedef {object} Task
 * @property {string} url of the shop, without a slash at its end
 * @property {string} others URL pattern of what no row needs
 * @property {import('../course.mjs').Kind} kind
 * @property {import('../course.mjs').Lane} lane
 * @property {number} concurrency pages in flight, where the contender does not find them itself
 * @property {string} executablePath
 * @property {{ path: string, ready: string }[]} pages
 * @property {string} temp a folder that is removed afterwards
 * @property {object} [options] of the contender's own
 */

/** @typedef {{ path: string, ms: number, rows: Row[] }} PageRead `ms`: the contender's own time for it */

/** @returns {Task} */
export function readTask() {
  return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
}

/** @param {PageRead} read */
export function say(read) {
  process.stdout.write(`${JSON.stringify(read)}\n`);
}

/**
 * So many at once take the task's pages in turn; each remembers whether it has been in the application.
 * @param {Task} task
 * @param {() => Promise<(page: { path: string, url: string, wanted: Wanted, isSoft: boolean }) => Promise<Row[]>>} open
 *   makes one worker's hands
 */
export async function workThrough({ url, kind, lane, concurrency, pages }, open) {
  const left = pages.values();

  async function work() {
    const render = await open();
    let isInside = false;
    for (const { path, ready } of left) {
      const startedMs = performance.now();
      const isSoft = lane === 'soft' && isInside;
      const wanted = { kind, ready, ...(isSoft ? { path } : {}) };
      const rows = await render({ path, url: url + path, wanted, isSoft });
      isInside = true;
      say({ path, ms: performance.now() - startedMs, rows });
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work));
}
