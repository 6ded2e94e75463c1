// @ts-check
/**
 * What the faults of a storm excuse: a page that was in flight at a fault may be rendered once more for it, no other,
 * and no more pages than the victim had in flight.
 */

/**
 * @typedef {object} InFlight
 * @property {readonly number[]} pages that were in flight at the fault, by their numbers in the frontier
 * @property {number} most of them that the victim can have had
 */

/** @typedef {ReturnType<typeof createExcuses>} Excuses */

export function createExcuses() {
  let most = 0;
  /** @type {Map<number, number>} */
  const byNumber = new Map();
  /** @type {Map<string, number>} */
  const byPath = new Map();

  return {
    /** @param {InFlight} inFlight */
    add(inFlight) {
      most += inFlight.most;
      for (const page of inFlight.pages) byNumber.set(page, (byNumber.get(page) ?? 0) + 1);
    },

    /**
     * Pages whose data the shop half gave and half refused: they could not be shown, and counted as rendered.
     * @param {readonly { url: string, status: number }[]} entries of the shop's access log while it refused
     */
    addRefused(entries) {
      /** @type {Map<string, { given: number, refused: number }>} */
      const halves = new Map();
      for (const { url, status } of entries) {
        const [, slug, more] = /^\/api\/products\/([^/]+)(\/more)?$/.exec(url) ?? [];
        if (slug === undefined) continue;
        const half = halves.get(slug) ?? { given: 0, refused: 0 };
        halves.set(slug, half);
        if (more === undefined && status === 200) half.given += 1;
        if (more !== undefined && status === 429) half.refused += 1;
      }
      for (const [slug, { given, refused }] of halves) {
        const times = Math.min(given, refused);
        most += times;
        const path = `/p/${decodeURIComponent(slug)}`;
        byPath.set(path, (byPath.get(path) ?? 0) + times);
      }
    },

    /**
     * @param {Record<string, number>} rendered how often, by path
     * @param {readonly string[]} frontier the path of each page
     * @returns {{ again: number, most: number, problems: string[] }}
     */
    judge(rendered, frontier) {
      let again = 0;
      const problems = [];
      for (const [number, path] of frontier.entries()) {
        const times = (rendered[path] ?? 0) - 1;
        const excused = (byNumber.get(number) ?? 0) + (byPath.get(path) ?? 0);
        if (times < 0) problems.push(`${path} was never rendered`);
        if (times > 0) again += times;
        if (times > excused)
          problems.push(`${path} was rendered ${times + 1} times, and in flight at ${excused} faults`);
      }
      if (again > most) problems.push(`${again} pages rendered again, ${most} were in flight at the faults`);
      return { again, most, problems };
    },
  };
}
