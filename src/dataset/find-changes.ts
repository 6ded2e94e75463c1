/** Joins two datasets by their key, a share of the keys at a time, into a table of what differs. */
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { quoteName } from './column.js';
import type { DiffOptions, DiffSide } from './diff.js';
import { type DiffShape, shownColumns } from './diff-shape.js';
import { loadDuckdb, quotePath, quoteText } from './duckdb.js';
import { orderedMaps } from './duckdb-maps.js';

/** Keys that are joined at once. */
const ROWS_PER_SHARE = 250_000;

/** A side without files is made of the other's columns: it has no row in which they could differ. */
export async function openSides(connection: DuckDBConnection, { before, after }: DiffOptions): Promise<void> {
  for (const [name, { files }, other] of [
    ['earlier', before, after],
    ['later', after, before],
  ] as const) {
    const from = files.length > 0 ? filesAt(files) : `(FROM ${filesAt(other.files)} LIMIT 0)`;
    if (files.length > 0 || other.files.length > 0)
      await connection.run(`CREATE VIEW ${name} AS SELECT * FROM ${from}`);
  }
}

function filesAt(files: DiffSide['files']): string {
  return `read_parquet([${files.map(({ path }) => quotePath(path)).join(', ')}], hive_partitioning = false)`;
}

/** Fills the table `changes`: change, key, columns, page_url, before, after. */
export async function findChanges(
  connection: DuckDBConnection,
  shape: DiffShape,
  { before, after, only }: DiffOptions,
): Promise<void> {
  if (before.files.length + after.files.length === 0) {
    await connection.run('CREATE TABLE changes (change VARCHAR, "columns" VARCHAR[])');
    return;
  }
  const types = { earlier: await typesOf(connection, 'earlier'), later: await typesOf(connection, 'later') };
  const duckdb = await loadDuckdb();
  const ordered = (type: DuckDBType | undefined, value: string): string =>
    type === undefined ? value : orderedMaps(duckdb, type, value);
  const isRetyped = new Set(shape.retyped.map(({ name }) => name));
  const side = (name: 'earlier' | 'later', dataset: DiffSide): string => {
    const there = dataset.files.length > 0 ? dataset : name === 'earlier' ? after : before;
    const fields = shownColumns(there, shape, only).map(
      (column) => `${quoteName(column)} := ${ordered(types[name].get(column), quoteName(column))}`,
    );
    const key = shape.key.map((column, at) => {
      const value = isRetyped.has(column) ? `CAST(${quoteName(column)} AS VARCHAR)` : quoteName(column);
      return `${value} AS k${at}`;
    });
    return `SELECT ${key.join(', ')}, "_page_url" AS url, struct_pack(${fields.join(', ')}) AS "row" FROM ${name}`;
  };
  const differing = shape.compared.map((column) => {
    const [was, is] = [`b."row".${quoteName(column)}`, `a."row".${quoteName(column)}`];
    const sql = isRetyped.has(column)
      ? differsAcross(
          { sql: was, type: types.earlier.get(column) },
          { sql: is, type: types.later.get(column) },
        )
      : `${was} IS DISTINCT FROM ${is}`;
    return { column, sql };
  });
  const changed = differing.map(({ column, sql }) => `CASE WHEN ${sql} THEN ${quoteText(column)} END`);
  const keys = shape.key.map((_, at) => `k${at}`);
  const shares = Math.max(1, Math.ceil(Math.max(rowsOf(before), rowsOf(after)) / ROWS_PER_SHARE));
  const sql = (share: number): string => `
    WITH b AS (FROM (${side('earlier', before)}) WHERE hash(${keys.join(', ')}) % ${shares} = ${share}),
         a AS (FROM (${side('later', after)}) WHERE hash(${keys.join(', ')}) % ${shares} = ${share})
    SELECT CASE WHEN b.url IS NULL THEN 'added' WHEN a.url IS NULL THEN 'gone' ELSE 'changed' END AS change,
      struct_pack(${shape.key.map((column, at) => `${quoteName(column)} := coalesce(a.k${at}, b.k${at})`).join(', ')}) AS "key",
      CASE WHEN b.url IS NULL OR a.url IS NULL THEN []::VARCHAR[]
        ELSE list_filter([${changed.join(', ')}]::VARCHAR[], lambda name: name IS NOT NULL) END AS "columns",
      coalesce(a.url, b.url) AS page_url, b."row" AS "before", a."row" AS "after"
    FROM b FULL JOIN a ON ${keys.map((key) => `b.${key} = a.${key}`).join(' AND ')}
    WHERE ${['b.url IS NULL', 'a.url IS NULL', ...differing.map(({ sql }) => sql)].join(' OR ')}`;
  await connection.run(`CREATE TABLE changes AS ${sql(0)}`);
  for (let share = 1; share < shares; share += 1) await connection.run(`INSERT INTO changes ${sql(share)}`);
}

interface Typed {
  sql: string;
  type: DuckDBType | undefined;
}

/**
 * Of a column whose type has changed: text is read as the other type, and of two others each must be what the other is
 * when it is written in its type; 1.5 and 2 are not the same as whole numbers.
 */
function differsAcross(was: Typed, is: Typed): string {
  const cast = ({ sql }: Typed, { type }: Typed): string =>
    `TRY_CAST(${sql} AS ${type?.toString() ?? 'VARCHAR'})`;
  const isText = ({ type }: Typed): boolean => type?.toString() === 'VARCHAR';
  const forward = `${cast(was, is)} IS DISTINCT FROM ${is.sql}`;
  const back = `${cast(is, was)} IS DISTINCT FROM ${was.sql}`;
  const differs = isText(was) ? [forward] : isText(is) ? [back] : [forward, back];
  return `(${[`(${was.sql} IS NULL) <> (${is.sql} IS NULL)`, ...differs].join(' OR ')})`;
}

async function typesOf(connection: DuckDBConnection, view: string) {
  const result = await connection.run(`FROM ${view} LIMIT 0`);
  return new Map(result.columnNames().map((name, at) => [name, result.columnType(at)]));
}

export function rowsOf({ files }: DiffSide): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}
