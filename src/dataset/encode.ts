/**
 * From a validated row to the JSON that a segment keeps and both engines read back without guessing: instants as ISO
 * text in UTC, days as text, bigints and decimals as text, NULL by absence (in lists: null).
 */
import { ThreshError } from '../errors.js';
import type { Column, ColumnType, Slot } from './column.js';
import { decimalText } from './decimal-text.js';
import { dayText, instantText } from './instant-text.js';
import { fitsInt64 } from './zod-scalar.js';

/** One value that its column cannot hold, in the shape of a zod issue. */
export interface EncodeIssue {
  path: string;
  code: 'not_storable';
  message: string;
}

/** Thrown when a row passed the schema but its columns cannot hold it exactly; the row belongs in quarantine. */
export class RowNotStorableError extends ThreshError {
  readonly issues: readonly EncodeIssue[];

  constructor(issues: readonly EncodeIssue[]) {
    const first = issues[0];
    super(`a row cannot be stored: ${first ? `${first.path}: ${first.message}` : 'no reason'}`, {
      code: 'EXTRACT_INVALID',
      scope: 'row',
      mend: 'narrow the schema so that it refuses such values, or choose another type for the column',
    });
    this.issues = issues;
  }
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;

function wellFormed(text: string): string {
  return LONE_SURROGATE.test(text) ? text.replace(LONE_SURROGATES, '\uFFFD') : text;
}

/**
 * The row as JSON-safe values by its columns; fields without a column are left out. Lone surrogates become U+FFFD and
 * -0 becomes 0, neither of which JSON can carry. Throws `RowNotStorableError` with every value that does not fit.
 */
export function encodeRow(columns: readonly Column[], row: Record<string, unknown>): Record<string, unknown> {
  const issues: EncodeIssue[] = [];
  const encoded = encodeFields(columns, row, '', issues);
  if (issues.length > 0) throw new RowNotStorableError(issues);
  return encoded;
}

function encodeFields(
  columns: readonly Column[],
  row: object,
  prefix: string,
  issues: EncodeIssue[],
): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const column of columns) {
    const given = Object.hasOwn(row, column.name) ? (row as Record<string, unknown>)[column.name] : undefined;
    const value = encodeSlot(column, given, prefix === '' ? column.name : `${prefix}.${column.name}`, issues);
    if (value !== null) encoded[column.name] = value;
  }
  return encoded;
}

function encodeSlot(slot: Slot, value: unknown, path: string, issues: EncodeIssue[]): unknown {
  if (value !== null && value !== undefined) return encodeValue(slot.type, value, path, issues);
  if (!slot.nullable) {
    issues.push({ path, code: 'not_storable', message: 'is missing, and the column holds no NULL' });
  }
  return null;
}

function encodeValue(
  type: ColumnType,
  value: NonNullable<unknown>,
  path: string,
  issues: EncodeIssue[],
): unknown {
  switch (type.kind) {
    case 'list':
      if (Array.isArray(value)) {
        // Array.from also visits the holes, which map would skip.
        return Array.from(value, (item: unknown, place) =>
          encodeSlot(type.element, item, `${path}[${place}]`, issues),
        );
      }
      break;
    case 'struct':
      if (typeof value === 'object') return encodeFields(type.fields, value, path, issues);
      break;
    case 'map':
      if (typeof value === 'object') return encodeMap(type.value, value, path, issues);
      break;
    default: {
      const scalar = encodeScalar(type, value);
      if (scalar !== undefined) return scalar;
    }
  }
  issues.push({
    path,
    code: 'not_storable',
    message: `${shown(value)} does not fit a ${nameOf(type)} column`,
  });
  return null;
}

function encodeMap(slot: Slot, value: object, path: string, issues: EncodeIssue[]): Record<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    const name = wellFormed(key);
    if (entries.has(name)) {
      issues.push({ path: `${path}{}`, code: 'not_storable', message: 'two keys become one as valid text' });
    }
    entries.set(name, encodeSlot(slot, item, `${path}.${name}`, issues));
  }
  // fromEntries defines the properties, so that a key `__proto__` is one like any other.
  return Object.fromEntries(entries);
}

function encodeScalar(
  type: Exclude<ColumnType, { kind: 'list' | 'struct' | 'map' }>,
  value: NonNullable<unknown>,
): string | number | boolean | undefined {
  switch (type.kind) {
    case 'string':
      return typeof value === 'string' ? wellFormed(value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'double':
      return typeof value === 'number' && Number.isFinite(value) ? value + 0 : undefined;
    case 'int64':
      if (typeof value === 'bigint') return fitsInt64(value) ? value.toString() : undefined;
      return Number.isSafeInteger(value) ? (value as number) + 0 : undefined;
    case 'timestamp':
      return instantText(value);
    case 'date':
      return dayText(value);
    case 'decimal':
      return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint'
        ? decimalText(String(value), type.precision, type.scale)
        : undefined;
  }
}

function nameOf(type: ColumnType): string {
  return type.kind === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.kind;
}

function shown(value: unknown): string {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'an invalid date' : `the date ${value.toISOString()}`;
  }
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  if (typeof value === 'function') return 'a function';
  const text = String(value);
  return `the ${typeof value} ${JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)}`;
}
