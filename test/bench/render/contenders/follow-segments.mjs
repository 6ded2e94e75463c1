// @ts-check
/** Reads along what a running farm makes durable: its segments, page by page. */
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';

/** @typedef {import('./task.mjs').PageRead} PageRead */

const LOOK_MS = 50;

/**
 * @param {string} home
 * @param {(page: PageRead) => void} onPage `path`: all of the page's URL after its origin
 * @returns {{ look: () => Promise<void>, stop: () => Promise<void> }} `stop` looks a last time
 */
export function followSegments(home, onPage) {
  const batches = path.join(home, 'batches');
  /** @type {Map<string, { from: number, rows: PageRead['rows'] }>} by file */
  const known = new Map();
  let stopped = false;

  async function look() {
    for (const batch of await readdir(batches).catch(() => [])) {
      const folder = path.join(batches, batch, 'segments');
      for (const name of await readdir(folder).catch(() => [])) await readOn(path.join(folder, name));
    }
  }

  /** @param {string} file */
  async function readOn(file) {
    const at = known.get(file) ?? { from: 0, rows: [] };
    known.set(file, at);
    const bytes = await bytesFrom(file, at.from);
    const whole = bytes.lastIndexOf('\n') + 1;
    at.from += whole;
    for (const line of bytes.toString('utf8', 0, whole).split('\n').slice(0, -1)) {
      /** @type {import('../../../../src/spool/record.js').RowRecord | import('../../../../src/spool/record.js').PageRecord | { kind: 'quarantined' }} */
      const record = JSON.parse(line);
      if (record.kind === 'row') at.rows.push(record.row);
      if (record.kind !== 'page') continue;
      const { pathname, search } = new URL(record.url);
      onPage({ path: pathname + search, ms: record.timings?.total ?? 0, rows: at.rows });
      at.rows = [];
    }
  }

  const looking = (async () => {
    while (!stopped) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  looking.catch(() => undefined); // told by `stop`
  return {
    look,
    async stop() {
      stopped = true;
      await looking;
      await look();
    },
  };
}

/** @param {string} file @param {number} from */
async function bytesFrom(file, from) {
  const handle = await open(file, 'r');
  try {
    const length = (await handle.stat()).size - from;
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(Math.max(0, length)),
      0,
      Math.max(0, length),
      from,
    );
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
