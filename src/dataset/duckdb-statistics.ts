/** Column statistics by queries over the files that were written. */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type Column, type ColumnType, isScalar, quoteName } from './column.js';
import { quotePath } from './duckdb.js';
import { type ColumnStatistics, TEXT_KEPT } from './engine.js';

/** Nulls of every column, and the least, greatest and distinct values of the scalar ones. Each connection takes some columns. */
export async function statisticsOf(
  connections: readonly DuckDBConnection[],
  columns: readonly Column[],
  files: readonly string[],
): Promise<Record<string, ColumnStatistics>> {
  const shares = await Promise.all(
    connections.map((connection, at) =>
      statisticsOfSome(
        connection,
        columns.filter((_, place) => place % connections.length === at),
        files,
      ),
    ),
  );
  const found = new Map(shares.flatMap((share) => Object.entries(share)));
  return Object.fromEntries(columns.map(({ name }) => [name, found.get(name) ?? { nulls: 0 }]));
}

async function statisticsOfSome(
  connection: DuckDBConnection,
  columns: readonly Column[],
  files: readonly string[],
): Promise<Record<string, ColumnStatistics>> {
  if (columns.length === 0) return {};
  const parts = columns.flatMap(({ name: plain, type }) => {
    const name = quoteName(plain);
    const nulls = `(count(*) - count(${name}))::DOUBLE`;
    if (!isScalar(type)) return [nulls, 'NULL', 'NULL', 'NULL'];
    return [
      nulls,
      shown(type, `min(${name})`),
      shown(type, `max(${name})`),
      `approx_count_distinct(${name})::DOUBLE`,
    ];
  });
  const found = await connection.runAndReadAll(
    `SELECT ${parts.join(', ')} FROM read_parquet([${files.map(quotePath).join(', ')}], hive_partitioning = false)`,
  );
  const row = found.getRows()[0] ?? [];
  return Object.fromEntries(
    columns.map(({ name, type }, place) => {
      const [nulls, min, max, distinct] = row.slice(place * 4, place * 4 + 4);
      const statistics: ColumnStatistics = { nulls: Number(nulls) };
      if (isScalar(type)) {
        if (min !== null && min !== undefined) statistics.min = encoded(type, min);
        if (max !== null && max !== undefined) statistics.max = encoded(type, max);
        statistics.distinct = Number(distinct);
      }
      return [name, statistics];
    }),
  );
}

function shown(type: ColumnType, value: string): string {
  switch (type.kind) {
    case 'double':
    case 'boolean':
      return value;
    case 'string':
      return `left(${value}, ${TEXT_KEPT})`;
    default:
      return `(${value})::VARCHAR`;
  }
}

function encoded(type: ColumnType, value: unknown): string | number | boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  const text = String(value);
  if (type.kind === 'int64') return Number.isSafeInteger(Number(text)) ? Number(text) : text;
  if (type.kind !== 'timestamp') return text;
  // DuckDB writes `2024-01-31 12:00:00.1`; rows have three digits after the point, or six.
  const [day = '', time = ''] = text.split(' ');
  const [clock = '', fraction = ''] = time.split('.');
  return `${day}T${clock}.${fraction.padEnd(fraction.length > 3 ? 6 : 3, '0')}Z`;
}
