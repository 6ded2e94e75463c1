/** The column statistics of a dataset that was written in partitions: those that it would have in one piece. */
import type { AggregateResult } from './aggregate.js';
import { type Column, isScalar } from './column.js';
import { orderOf } from './column-tally.js';
import { createDistinctEstimate } from './distinct-estimate.js';
import { withDuckdb } from './duckdb.js';
import { statisticsOf } from './duckdb-statistics.js';
import type { ColumnStatistics, EngineName } from './engine.js';

export interface PartitionStatisticsOptions {
  columns: readonly Column[];
  engine: EngineName;
  partitions: readonly Pick<AggregateResult, 'statistics' | 'sketches'>[];
  /** All files of the dataset, on this machine. */
  files: readonly string[];
  memoryLimitMb: number;
  /** Where DuckDB spills to. */
  spill: string;
  signal?: AbortSignal | undefined;
}

/** DuckDB tells nothing that could be put together: it is asked of all files. Throws what it throws. */
export async function statisticsOfPartitions({
  columns,
  engine,
  partitions,
  files,
  ...duckdb
}: PartitionStatisticsOptions): Promise<Record<string, ColumnStatistics>> {
  if (engine === 'duckdb')
    return withDuckdb({ database: ':memory:', ...duckdb }, async (connection) => {
      await connection.run("SET TimeZone = 'UTC'");
      return statisticsOf([connection], columns, files);
    });
  return Object.fromEntries(columns.map((column) => [column.name, together(column, partitions)]));
}

function together(
  { name, type }: Column,
  partitions: PartitionStatisticsOptions['partitions'],
): ColumnStatistics {
  const own = partitions.flatMap(({ statistics }) => statistics[name] ?? []);
  const nulls = own.reduce((sum, one) => sum + one.nulls, 0);
  if (!isScalar(type)) return { nulls };
  const isLess = orderOf(type);
  const distinct = createDistinctEstimate();
  for (const { sketches } of partitions) distinct.merge(sketches?.[name] ?? '');
  const [min, ...others] = own.flatMap((one) => one.min ?? []);
  const [max, ...more] = own.flatMap((one) => one.max ?? []);
  const bounds =
    min === undefined || max === undefined
      ? {}
      : {
          min: others.reduce((least, one) => (isLess(one, least) ? one : least), min),
          max: more.reduce((most, one) => (isLess(most, one) ? one : most), max),
        };
  return { nulls, ...bounds, distinct: distinct.count() };
}
