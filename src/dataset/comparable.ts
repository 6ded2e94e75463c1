/** One form for a column's value wherever it comes from: encoded for a segment, read back from a file, or refused. */
import type { Column, Slot } from './column.js';
import { decimalText } from './decimal-text.js';

export type Row = Record<string, unknown>;

/**
 * The same for the same value, and fit for JSON: instants to the millisecond, integers as numbers where these are exact,
 * `null` for NULL, undefined and absent. What does not fit its column is taken as it is.
 */
export function comparable({ type }: Slot, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  switch (type.kind) {
    case 'list':
      return Array.isArray(value) ? value.map((item) => comparable(type.element, item)) : plain(value);
    case 'struct':
      return isRow(value)
        ? Object.fromEntries(
            type.fields.map((field) => [field.name, comparable(field, own(value, field.name))]),
          )
        : plain(value);
    case 'map':
      return isRow(value)
        ? Object.fromEntries(
            Object.keys(value)
              .sort()
              .map((name) => [name, comparable(type.value, value[name])]),
          )
        : plain(value);
    case 'int64':
      return /^-?\d+$/.test(String(value)) ? exact(String(value)) : plain(value);
    case 'decimal':
      return decimalText(String(value), type.precision, type.scale) ?? plain(value);
    case 'timestamp':
      return plain(typeof value === 'string' ? value.replace(/(\.\d{3})\d*Z$/, '$1Z') : value);
    default:
      return plain(value);
  }
}

export function comparableText(slot: Slot, value: unknown): string {
  return JSON.stringify(comparable(slot, value));
}

/** The values of the key's columns as one text. */
export function keyText(columns: readonly Column[], key: readonly string[], row: Row): string {
  const named = key.flatMap((name) => columns.find((column) => column.name === name) ?? []);
  return JSON.stringify(named.map((column) => comparable(column, own(row, column.name))));
}

/** A column's value; undefined when the row has none of that name by itself. */
export function own(row: Row, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

function exact(digits: string): number | string {
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;
}

function plain(value: unknown): unknown {
  const text = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? inner.toString() : inner,
  ) as string | undefined;
  return text === undefined ? null : (JSON.parse(text) as unknown);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
