/**
 * The way a schema says what zod cannot: `.meta({ parquet: 'decimal(18,2)' })`. It names a scalar type; the rows'
 * values are then checked against it one by one when they are encoded.
 */
import type { ScalarType } from './column.js';

const MAX_PRECISION = 38;

/** What may be written in `.meta({ parquet })`. */
export const DECLARABLE = 'string, double, int64, boolean, timestamp, date or decimal(p,s)';

/** The type that a `parquet` metadata text names; undefined when it names none. */
export function parseDeclaredType(text: unknown): ScalarType | undefined {
  if (typeof text !== 'string') return undefined;
  const plain = text.trim().toLowerCase();
  switch (plain) {
    case 'string':
    case 'double':
    case 'int64':
    case 'boolean':
    case 'timestamp':
    case 'date':
      return { kind: plain };
    default:
      return parseDecimal(plain);
  }
}

function parseDecimal(text: string): ScalarType | undefined {
  const parts = /^decimal\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)$/.exec(text);
  if (!parts) return undefined;
  const precision = Number(parts[1]);
  const scale = Number(parts[2] ?? 0);
  if (precision < 1 || precision > MAX_PRECISION || scale > precision) return undefined;
  return { kind: 'decimal', precision, scale };
}

/** What the values of an inferred type may be stored as instead; the encoder holds each row to it. */
const ALTERNATIVES: Record<ScalarType['kind'], readonly ScalarType['kind'][]> = {
  string: ['string', 'decimal', 'timestamp', 'date'],
  double: ['double', 'int64', 'decimal'],
  int64: ['int64', 'double', 'decimal'],
  boolean: ['boolean'],
  timestamp: ['timestamp', 'date'],
  date: ['date'],
  decimal: ['decimal', 'int64'],
};

/** Whether values that zod shows to be `inferred` can be stored as `declared`. */
export function canStoreAs(inferred: ScalarType, declared: ScalarType): boolean {
  return ALTERNATIVES[inferred.kind].includes(declared.kind);
}
