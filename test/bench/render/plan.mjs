// @ts-check
/** Who renders what in a round, and how many pages of it. */
import { CONTENDERS } from './contenders/contenders.mjs';

/** @typedef {import('./contenders/contenders.mjs').Contender} Contender */
/** @typedef {import('./course.mjs').Kind} Kind */
/** @typedef {import('./course.mjs').Lane} Lane */

/** @typedef {{ contender: Contender, kind: Kind, lane: Lane, pages: number, warmUp: number }} Case */

/**
 * @typedef {object} Wanted
 * @property {readonly Kind[]} kinds
 * @property {readonly Lane[]} lanes
 * @property {readonly string[]} contenders
 * @property {boolean} peers
 * @property {number} pages of a run in the load lane
 */

/** A page within the application costs a third to a quarter of one that is loaded. */
const SOFT_PAGES = 4;
const WARM_UP = 0.25;
const FEWEST_WARM_UP = 4;

/** @param {Wanted} wanted @returns {Case[]} one round of them */
export function casesOf({ kinds, lanes, contenders, peers, pages }) {
  return kinds.flatMap((kind) =>
    lanes.flatMap((lane) =>
      CONTENDERS.filter(
        ({ id, lanes: known, isPeer }) =>
          contenders.includes(id) && known.includes(lane) && (peers || !isPeer),
      ).map((contender) => caseOf({ contender, kind, lane, pages })),
    ),
  );
}

/**
 * @param {{ contender: Contender, kind: Kind, lane: Lane, pages: number }} of `pages`: of a run in the load lane
 * @returns {Case}
 */
export function caseOf({ contender, kind, lane, pages }) {
  const own = Math.ceil(pages * contender.share * (lane === 'soft' ? SOFT_PAGES : 1));
  return { contender, kind, lane, pages: own, warmUp: Math.max(FEWEST_WARM_UP, Math.ceil(own * WARM_UP)) };
}
