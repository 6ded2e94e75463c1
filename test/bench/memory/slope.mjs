// @ts-check
/** How much something grows by the page, and how sure that is. */

/** @typedef {{ slope: number, low: number, high: number }} Slope least squares, and the bounds of its 95 % interval */

/** Of the samples, which are no strangers to each other: neighbours go into one block, blocks count as independent. */
const BLOCKS = 12;
/** Student's t for `BLOCKS - 2` degrees of freedom, two-sided, 95 %. */
const STUDENT = 2.228;

/**
 * @param {readonly { x: number, y: number }[]} samples in the order of `x`, at least as many as there are blocks
 * @returns {Slope}
 */
export function slopeOf(samples) {
  if (samples.length < BLOCKS) throw new Error(`${samples.length} samples are too few for a slope`);
  const blocks = Array.from({ length: BLOCKS }, (_, at) =>
    meanOf(
      samples.slice(
        Math.floor((at * samples.length) / BLOCKS),
        Math.floor(((at + 1) * samples.length) / BLOCKS),
      ),
    ),
  );
  const middle = meanOf(blocks);
  const spread = sum(blocks.map(({ x }) => (x - middle.x) ** 2));
  const slope = sum(blocks.map(({ x, y }) => (x - middle.x) * (y - middle.y))) / spread;
  const left = sum(blocks.map(({ x, y }) => (y - middle.y - slope * (x - middle.x)) ** 2));
  const error = STUDENT * Math.sqrt(left / (BLOCKS - 2) / spread);
  return { slope, low: slope - error, high: slope + error };
}

/** @param {readonly { x: number, y: number }[]} samples */
function meanOf(samples) {
  return {
    x: sum(samples.map(({ x }) => x)) / samples.length,
    y: sum(samples.map(({ y }) => y)) / samples.length,
  };
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}
