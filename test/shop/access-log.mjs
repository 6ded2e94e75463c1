// @ts-check
/**
 * What was asked of the shop. Flat in memory: the last entries stand in a ring, product pages are counted in an array
 * by their number, other pages in a map that stops growing. A whole log goes to a file when one is named.
 */
import { createWriteStream } from 'node:fs';

/** @typedef {{ at: string, method: string, url: string, kind: string, status: number, ms: number, inFlight: number, bytes: number }} Entry status 0: the connection ended without an answer; bytes: sent, headers included */

const ringSize = 10_000;
const mostOtherPages = 50_000;

/**
 * @param {{ file?: string | undefined }} [options] `file`: one JSON line an entry is appended to it
 */
export function createAccessLog({ file } = {}) {
  const out = file === undefined ? undefined : createWriteStream(file, { flags: 'a' });
  /** @type {Entry[]} */
  let ring = [];
  let next = 0;
  /** @type {Uint32Array<ArrayBuffer>} */
  let products = new Uint32Array(0);
  /** @type {Map<string, number>} */
  const others = new Map();
  /** @type {Record<string, number>} */
  let byStatus = {};
  /** @type {Record<string, number>} */
  let byKind = {};
  let requests = 0;
  let logins = 0;
  let beacons = 0;

  return {
    /** @param {Entry} entry */
    add(entry) {
      requests++;
      byStatus[entry.status] = (byStatus[entry.status] ?? 0) + 1;
      byKind[entry.kind] = (byKind[entry.kind] ?? 0) + 1;
      ring[next] = entry;
      next = (next + 1) % ringSize;
      out?.write(`${JSON.stringify(entry)}\n`);
    },

    /**
     * The data of a page went out whole: the page was rendered once more.
     * @param {string | number} page its path, or the number of a product page
     */
    rendered(page) {
      if (typeof page === 'string') {
        if (others.has(page) || others.size < mostOtherPages) others.set(page, (others.get(page) ?? 0) + 1);
        return;
      }
      if (page >= products.length) {
        const grown = new Uint32Array(Math.max(1024, (page + 1) * 2));
        grown.set(products);
        products = grown;
      }
      products[page] = (products[page] ?? 0) + 1;
    },

    loggedIn() {
      logins++;
    },

    beaconCame() {
      beacons++;
    },

    reset() {
      ring = [];
      next = 0;
      products = new Uint32Array(0);
      others.clear();
      byStatus = {};
      byKind = {};
      requests = 0;
      logins = 0;
      beacons = 0;
    },

    /** @returns {Entry[]} the last 10,000, oldest first */
    entries() {
      return ring.length < ringSize ? ring.slice() : [...ring.slice(next), ...ring.slice(0, next)];
    },

    /** How often each page was rendered, without those that never were: [path or number, count]. */
    *renders() {
      yield* others;
      for (let number = 0; number < products.length; number++) {
        const count = products[number] ?? 0;
        if (count > 0) yield/** @type {[number, number]} */ ([number, count]);
      }
    },

    /** Counts since the start or the last reset. `renderedTimes['2']` is how many pages were rendered twice. */
    summary() {
      /** @type {Record<string, number>} */
      const renderedTimes = {};
      let pagesRendered = 0;
      for (const [, count] of this.renders()) {
        renderedTimes[count] = (renderedTimes[count] ?? 0) + 1;
        pagesRendered++;
      }
      return {
        requests,
        byStatus: { ...byStatus },
        byKind: { ...byKind },
        refused429: byStatus[429] ?? 0,
        logins,
        beacons,
        pagesRendered,
        renderedTimes,
      };
    },

    /** Resolves when the file, if any, is written. */
    close() {
      return new Promise((resolve) => (out ? out.end(() => resolve(undefined)) : resolve(undefined)));
    },
  };
}

/** @typedef {ReturnType<typeof createAccessLog>} AccessLog */
