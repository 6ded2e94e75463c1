/**
 * The model of a dataset's columns, between zod and Parquet: what both engines write, the encoder checks and the
 * manifest describes.
 */
import { createHash } from 'node:crypto';

export type ScalarType =
  | { kind: 'string' }
  | { kind: 'double' }
  | { kind: 'int64' }
  | { kind: 'boolean' }
  /** An instant, UTC, microseconds. */
  | { kind: 'timestamp' }
  | { kind: 'date' }
  /** `precision` digits in all (1 to 38), `scale` of them after the point. */
  | { kind: 'decimal'; precision: number; scale: number };

export type ColumnType =
  | ScalarType
  | { kind: 'list'; element: Slot }
  | { kind: 'struct'; fields: Column[] }
  /** Keys are always strings. */
  | { kind: 'map'; value: Slot };

/** A place for a value. `nullable`: null, undefined and absent are all NULL there. */
export interface Slot {
  type: ColumnType;
  nullable: boolean;
}

export interface Column extends Slot {
  name: string;
}

/** Why a schema or a key cannot become columns, and what to write instead. */
export interface ColumnProblem {
  /** From the row: `price`, `specs.weight`, `tags[]` (elements), `labels{}` (values); empty for the row itself. */
  path: string;
  message: string;
  mend: string;
}

/** One column as the manifest shows it; `type` is the SQL type that a reader of the Parquet files sees. */
export interface ColumnDescription {
  name: string;
  type: string;
  nullable: boolean;
}

/** Whether values of the type can be compared and be part of a key. */
export function isScalar(type: ColumnType): boolean {
  return type.kind !== 'list' && type.kind !== 'struct' && type.kind !== 'map';
}

/** A name as SQL writes it, whatever it contains. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The SQL type of a column: `DOUBLE`, `DECIMAL(18,2)`, `STRUCT("a" VARCHAR, "b" BIGINT[])`. */
export function sqlTypeOf(type: ColumnType): string {
  switch (type.kind) {
    case 'string':
      return 'VARCHAR';
    case 'double':
      return 'DOUBLE';
    case 'int64':
      return 'BIGINT';
    case 'boolean':
      return 'BOOLEAN';
    case 'timestamp':
      return 'TIMESTAMP';
    case 'date':
      return 'DATE';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'list':
      return `${sqlTypeOf(type.element.type)}[]`;
    case 'struct':
      return `STRUCT(${type.fields.map((field) => `${quoteName(field.name)} ${sqlTypeOf(field.type)}`).join(', ')})`;
    case 'map':
      return `MAP(VARCHAR, ${sqlTypeOf(type.value.type)})`;
  }
}

/** The columns as JSON for the manifest, in their order. */
export function describeColumns(columns: readonly Column[]): ColumnDescription[] {
  return columns.map(({ name, type, nullable }) => ({ name, type: sqlTypeOf(type), nullable }));
}

/** SHA-256 (hex) of `describeColumns`: changes when a column's name, type, place or nullability does. */
export function schemaHash(columns: readonly Column[]): string {
  return createHash('sha256')
    .update(JSON.stringify(describeColumns(columns)))
    .digest('hex');
}

/** Throws when there is none: keys were checked (`checkKey`). */
export function columnNamed(columns: readonly Column[], name: string): Column {
  const column = columns.find((one) => one.name === name);
  if (column === undefined) throw new Error(`the key names ${JSON.stringify(name)}, which is no column`);
  return column;
}
