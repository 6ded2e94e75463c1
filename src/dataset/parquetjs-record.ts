/** From an encoded row to the record that parquetjs-lite shreds: groups of LIST and MAP spelt out, values physical. */
import type { Column, ColumnType, Slot } from './column.js';
import { unscaledOf } from './decimal-text.js';
import { dayNumberOf, microsOf } from './instant-text.js';
import { DECIMAL_BYTES } from './parquetjs-schema.js';

/** Has no prototype: the library asks `name in record`, and a column may be called `constructor`. */
type Shreddable = Record<string, unknown>;

/** The record of an encoded row; absent and null fields are left out. */
export function recordOf(columns: readonly Column[], row: object): Shreddable {
  const record: Shreddable = Object.create(null);
  for (const { name, type } of columns) {
    const value = Object.hasOwn(row, name) ? (row as Record<string, unknown>)[name] : null;
    if (value !== null && value !== undefined) record[name] = physicalOf(type, value);
  }
  return record;
}

function slotRecord(name: string, slot: Slot, value: unknown): Shreddable {
  const record: Shreddable = Object.create(null);
  if (value !== null && value !== undefined) record[name] = physicalOf(slot.type, value);
  return record;
}

function physicalOf(type: ColumnType, value: unknown): unknown {
  switch (type.kind) {
    case 'string':
    case 'double':
    case 'boolean':
      return value;
    case 'int64':
      return BigInt(value as number | string);
    case 'timestamp':
      return microsOf(value as string);
    case 'date':
      return dayNumberOf(value as string);
    case 'decimal':
      return bytesOf(unscaledOf(value as string));
    case 'list':
      return { list: (value as unknown[]).map((item) => slotRecord('element', type.element, item)) };
    case 'struct':
      return recordOf(type.fields, value as object);
    case 'map':
      return {
        key_value: Object.entries(value as object).map(([key, item]) => {
          const entry = slotRecord('value', type.value, item);
          entry.key = key;
          return entry;
        }),
      };
  }
}

function bytesOf(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(DECIMAL_BYTES);
  bytes.writeBigInt64BE(value >> 64n, 0);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 8);
  return bytes;
}
