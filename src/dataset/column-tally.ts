/** A column's statistics, kept while its rows go by; the same figures as DuckDB's query gives. */
import { type ColumnType, isScalar } from './column.js';
import { unscaledOf } from './decimal-text.js';
import { createDistinctEstimate } from './distinct-estimate.js';
import { type ColumnStatistics, TEXT_KEPT } from './engine.js';

type Scalar = string | number | boolean;

export interface ColumnTally {
  /** `value` as the row encodes it. */
  add(value: unknown): void;
  result(): ColumnStatistics;
  /** Of which the distinct values of several tallies are put together; scalar columns only. */
  sketch?(): string;
}

export function createTally(type: ColumnType): ColumnTally {
  let nulls = 0;
  if (!isScalar(type)) {
    return {
      add(value) {
        if (value === null || value === undefined) nulls += 1;
      },
      result: () => ({ nulls }),
    };
  }
  const isLess = orderOf(type);
  const distinct = createDistinctEstimate();
  let min: Scalar | undefined;
  let max: Scalar | undefined;
  return {
    add(value) {
      if (value === null || value === undefined) {
        nulls += 1;
        return;
      }
      const scalar = value as Scalar;
      if (min === undefined || isLess(scalar, min)) min = scalar;
      if (max === undefined || isLess(max, scalar)) max = scalar;
      distinct.add(String(scalar));
    },
    result: () => ({
      nulls,
      ...(min === undefined || max === undefined ? {} : { min: shown(type, min), max: shown(type, max) }),
      distinct: distinct.count(),
    }),
    sketch: () => distinct.sketch(),
  };
}

/** Whether one encoded value comes before another one. */
export function orderOf(type: ColumnType): (a: Scalar, b: Scalar) => boolean {
  switch (type.kind) {
    case 'string':
      return (a, b) => isTextLess(a as string, b as string);
    case 'int64':
      return (a, b) =>
        typeof a === 'number' && typeof b === 'number' ? a < b : BigInt(a as string) < BigInt(b as string);
    case 'decimal':
      return (a, b) => unscaledOf(a as string) < unscaledOf(b as string);
    case 'timestamp':
      // Without the Z a text with milliseconds comes before the same one with microseconds.
      return (a, b) => (a as string).slice(0, -1) < (b as string).slice(0, -1);
    default:
      return (a, b) => a < b;
  }
}

/** By code points, as UTF-8 bytes order; JavaScript's own order puts U+E000 to U+FFFF after all emoji. */
export function isTextLess(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return unitRank(left) < unitRank(right);
  }
  return a.length < b.length;
}

/** Surrogates stand for code points beyond all single units. */
function unitRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function shown(type: ColumnType, value: Scalar): Scalar {
  if (type.kind === 'int64') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== 'string' || type.kind !== 'string' || value.length <= TEXT_KEPT) return value;
  return Array.from(value.slice(0, TEXT_KEPT * 2))
    .slice(0, TEXT_KEPT)
    .join('');
}
