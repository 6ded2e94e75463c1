/** Middle and spread of a few figures of which some may be wild. */

/** NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** Makes the median absolute deviation of normally distributed figures their standard deviation. */
const TO_DEVIATION = 1.4826;

/** The standard deviation as the median absolute deviation tells it: one wild figure in seven changes little. */
export function robustDeviation(values: readonly number[]): number {
  const middle = median(values);
  return TO_DEVIATION * median(values.map((value) => Math.abs(value - middle)));
}
