/**
 * How long pages take, over the whole farm: an HdrHistogram, whose counts can be added up where averages and
 * percentiles cannot. It keeps every duration to within a hundredth, in a few KB however many there are.
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';

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
  /** Adds what another one encoded. False, and nothing is changed, for anything else. */
  merge(encoded: unknown): boolean;
}

const MOST_MS = 2 * 3_600_000;
/** One of ours takes under 3 KB; what is much more is none. */
const LONGEST = 64 * 1_024;

export function createDurations(): Durations {
  const histogram = build({
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: MOST_MS,
    numberOfSignificantValueDigits: 2,
  });
  return {
    record(ms) {
      if (!Number.isNaN(ms)) histogram.recordValue(Math.min(MOST_MS, Math.max(1, Math.round(ms))));
    },
    get count() {
      return histogram.totalCount;
    },
    mean: () => histogram.mean,
    quantile: (share) => histogram.getValueAtPercentile(share * 100),
    encode: () => encodeIntoCompressedBase64(histogram),
    merge(encoded) {
      const other = decoded(encoded);
      if (other !== undefined && other.totalCount > 0) histogram.add(other);
      return other !== undefined;
    },
  };
}

function decoded(text: unknown): Histogram | undefined {
  if (typeof text !== 'string' || text.length > LONGEST) return undefined;
  try {
    const histogram = decodeFromCompressedBase64(text);
    return histogram.highestTrackableValue === MOST_MS ? histogram : undefined;
  } catch {
    return undefined;
  }
}
