// @ts-check
/**
 * The CPU time of a contender's processes, browsers and the rest apart. What a process used stands in /proc until it is
 * reaped and then with its parent, whichever kind that is: so a browser's time that went to its Node is booked back, and
 * that of a process whose parent is gone as well is kept as it was last seen. Pure.
 */

/** @typedef {'browser' | 'node'} Side `node`: all that is no browser, a contender's Redis among it */

/**
 * One process as it is seen.
 * @typedef {object} Seen
 * @property {string} id pid and start time: a pid is used again
 * @property {string} parent its id; of one that is not watched, anything
 * @property {Side} side
 * @property {number} ownMs
 * @property {number} reapedMs of its children that ended
 */

/** @typedef {Record<Side, number>} CpuMs */

export function createCpuBooks() {
  /** @type {Map<string, Seen>} */
  let known = new Map();
  /** Of those that ended without anybody who was watched having reaped them. */
  const lost = { browser: 0, node: 0 };
  /** Browsers' time that a process of the other side has reaped. */
  let reapedByNode = 0;

  return {
    /** @param {readonly Seen[]} processes all that are there now */
    note(processes) {
      const now = new Map(processes.map((seen) => [seen.id, seen]));
      for (const [id, { side, parent, ownMs, reapedMs }] of known) {
        if (now.has(id)) continue;
        const heir = now.get(parent);
        if (heir === undefined) lost[side] += ownMs + reapedMs;
        else if (side === 'browser' && heir.side === 'node') reapedByNode += ownMs + reapedMs;
      }
      known = now;
    },

    /** @returns {CpuMs} since each began */
    totals() {
      const sum = { ...lost };
      for (const { side, ownMs, reapedMs } of known.values()) sum[side] += ownMs + reapedMs;
      return { browser: sum.browser + reapedByNode, node: sum.node - reapedByNode };
    },
  };
}
