// @ts-check
/** Who renders what in a round, and how many pages of it. */
/** @typedef {import('./contenders/contenders.mjs').Contender} Contender */
/** @typedef {import('./course.mjs').Kind} Kind */
/** @typedef {import('./course.mjs').Lane} Lane */

/** @typedef {{ contender: Contender, kind: Kind, lane: Lane, pages: number, warmUp: number }} Case */

/** A page within the application costs about a third of one that is loaded. */
const SOFT_PAGES = 3;
const WARM_UP = 0.25;
const FEWEST_WARM_UP = 4;
/** Fewer say nothing, however slow one is. */
const FEWEST = 15;

/**
 * @param {readonly Contender[]} contenders
 * @param {{ kinds: readonly Kind[], lanes: readonly Lane[], pages: number }} wanted `pages`: of a run in the load lane
 * @returns {Case[]} one round of them
 */
export function casesOf(contenders, { kinds, lanes, pages }) {
  return kinds.flatMap((kind) =>
    lanes.flatMap((lane) =>
      contenders
        .filter(({ lanes: known }) => known.includes(lane))
        .map((contender) => caseOf({ contender, kind, lane, pages })),
    ),
  );
}

/**
 * @param {{ contender: Contender, kind: Kind, lane: Lane, pages: number }} of `pages`: of a run in the load lane
 * @returns {Case}
 */
export function caseOf({ contender, kind, lane, pages }) {
  const all = pages * (lane === 'soft' ? SOFT_PAGES : 1);
  const own = Math.ceil(Math.max(Math.min(FEWEST, all), all * contender.share));
  return { contender, kind, lane, pages: own, warmUp: Math.max(FEWEST_WARM_UP, Math.ceil(own * WARM_UP)) };
}
