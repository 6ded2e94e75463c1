import type { z } from 'zod';
import type { Column, ColumnProblem } from './column.js';
import { checkKey, columnsOf } from './columns.js';

/** Everything about a target's schema and key that a dataset cannot hold. */
export function checkColumns(
  schema: z.ZodObject,
  key: readonly string[],
): { columns: Column[]; problems: ColumnProblem[] } {
  const { columns, problems } = columnsOf(schema);
  const ofSchema = problems.map((problem) => ({ ...problem, path: `schema.${problem.path}` }));
  return { columns, problems: [...ofSchema, ...checkKey(columns, key)] };
}
