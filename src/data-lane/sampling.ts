/**
 * How often a page that was fetched is rendered as well. The law: after `good` samples in a row one page in `10 × 1.5^good`,
 * at most one in a thousand. The first comes within the first pages, twelve by the two thousand five hundredth page, and
 * from then on samples cost as much as a hundredth of the rendering that is saved at most. What is true of a fraction of
 * the pages is met with that fraction of the samples: fetched rows that are wrong on one page in a hundred are met within
 * a hundred samples, not sooner.
 */
const FIRST_EVERY = 10;
const GROWTH = 1.5;
const SELDOM_EVERY = 1_000;

/** A sample at the latest after so many pages, whatever is drawn. */
export const MOST_UNPROVEN = 1_000;

/** What gives no row, or rows that the schema refuses, is looked at first by itself: it may be an answer to somebody unwanted. */
const ODD_EVERY = 50;

/** One page in so many, after `good` samples of its kind. `odd`: of pages that gave less than a row each. */
export function sampledEvery(good: number, { odd }: { odd: boolean }): number {
  return odd
    ? Math.min(ODD_EVERY, 2 ** good)
    : Math.min(SELDOM_EVERY, Math.round(FIRST_EVERY * GROWTH ** good));
}
