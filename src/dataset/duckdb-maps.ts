/** A map is the same in whatever order its entries stand, but DuckDB compares them as they stand. */
import type { DuckDBListType, DuckDBMapType, DuckDBStructType, DuckDBType } from '@duckdb/node-api';
import { quoteName } from './column.js';

type DuckDB = typeof import('@duckdb/node-api');

/** SQL for the value with the entries of all its maps, nested ones included, in the order of their keys. */
export function orderedMaps(duckdb: DuckDB, type: DuckDBType, value: string, depth = 0): string {
  if (!hasMap(duckdb, type)) return value;
  const item = `item${depth}`;
  const inner = (of: DuckDBType, at: string): string => orderedMaps(duckdb, of, at, depth + 1);
  const each = (list: string, changed: string): string =>
    `list_transform(${list}, lambda ${item}: ${changed})`;
  switch (type.typeId) {
    case duckdb.DuckDBTypeId.LIST:
      return each(value, inner((type as DuckDBListType).valueType, item));
    case duckdb.DuckDBTypeId.MAP: {
      const entry = inner((type as DuckDBMapType).valueType, `${item}."value"`);
      const entries = each(
        `map_entries(${value})`,
        `struct_pack("key" := ${item}."key", "value" := ${entry})`,
      );
      return `CASE WHEN ${value} IS NOT NULL THEN map_from_entries(list_sort(${entries})) END`;
    }
    default: {
      const { entryNames, entryTypes } = type as DuckDBStructType;
      const fields = entryNames.map((name, at) => {
        const field = `${value}.${quoteName(name)}`;
        const of = entryTypes[at];
        return `${quoteName(name)} := ${of === undefined ? field : inner(of, field)}`;
      });
      return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${fields.join(', ')}) END`;
    }
  }
}

function hasMap(duckdb: DuckDB, type: DuckDBType): boolean {
  switch (type.typeId) {
    case duckdb.DuckDBTypeId.MAP:
      return true;
    case duckdb.DuckDBTypeId.LIST:
      return hasMap(duckdb, (type as DuckDBListType).valueType);
    case duckdb.DuckDBTypeId.STRUCT:
      return (type as DuckDBStructType).entryTypes.some((of) => hasMap(duckdb, of));
    default:
      return false;
  }
}
