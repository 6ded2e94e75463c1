/** DuckDB's values as plain JavaScript ones, in the forms that `firstRows` promises. */

import { dateOf, numberOf } from './plain-values.js';

type DuckDB = typeof import('@duckdb/node-api');

/** A value of DuckDB's node client, nested ones included. */
export function plainOf(duckdb: DuckDB, value: unknown): unknown {
  if (typeof value === 'bigint') return numberOf(value);
  if (value instanceof duckdb.DuckDBTimestampValue) return dateOf(value.micros);
  if (value instanceof duckdb.DuckDBListValue) return value.items.map((item) => plainOf(duckdb, item));
  if (value instanceof duckdb.DuckDBStructValue) return plainFields(duckdb, Object.entries(value.entries));
  if (value instanceof duckdb.DuckDBMapValue) {
    return plainFields(
      duckdb,
      value.entries.map((entry) => [String(entry.key), entry.value]),
    );
  }
  if (value instanceof duckdb.DuckDBDateValue || value instanceof duckdb.DuckDBDecimalValue) {
    return value.toString();
  }
  return value;
}

function plainFields(duckdb: DuckDB, entries: (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(([name, value]) => [name, plainOf(duckdb, value)]));
}
