/**
 * How long pages take, over the whole farm: an HdrHistogram, whose counts can be added up where averages and
 * percentiles cannot. It keeps every duration to within a hundredth, in a few KB however many there are.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

export interface Durations {
  /** ms; below 1 counts as 1, above two hours as two hours. What is no number is left out. */
  record(ms: number): void;
  readonly count: number;
  /** ms; 0 while there is none. */
  mean(): number;
  /** ms below which `share` (0.99) of them lie; 0 while there is none. */
  quantile(share: number): number;
  /** HdrHistogram's own format, V2, compressed, in base64: its libraries in other languages read it as well. */
  encode(): string;
  merge(other: Durations): void;
}

const MOST_MS = 2 * 3_600_000;
/** A histogram of ours takes under 3 KB; what is much more is none. */
const LONGEST = 64 * 1_024;

export function createDurations(): Durations {
  return over(
    build({
      autoResize: false,
      lowestDiscernibleValue: 1,
      highestTrackableValue: MOST_MS,
      numberOfSignificantValueDigits: 2,
    }),
  );
}

/** Undefined for what `encode` has not made. */
export function decodeDurations(text: unknown): Durations | undefined {
  if (typeof text !== 'string' || text.length > LONGEST) return undefined;
  try {
    const histogram = decodeFromCompressedBase64(text);
    return histogram.highestTrackableValue === MOST_MS ? over(histogram) : undefined;
  } catch {
    return undefined;
  }
}

const histograms = new WeakMap<Durations, Histogram>();

function over(histogram: Histogram): Durations {
  const durations: Durations = {
    record(ms) {
      if (!Number.isNaN(ms)) histogram.recordValue(Math.min(MOST_MS, Math.max(1, Math.round(ms))));
    },
    get count() {
      return histogram.totalCount;
    },
    mean: () => histogram.mean,
    quantile: (share) => histogram.getValueAtPercentile(share * 100),
    encode: () => encodeIntoCompressedBase64(histogram),
    merge(other) {
      const added = histograms.get(other);
      if (added !== undefined && added.totalCount > 0) histogram.add(added);
    },
  };
  histograms.set(durations, histogram);
  return durations;
}
