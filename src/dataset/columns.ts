/** From a target's zod schema to the dataset's columns, or to every reason why not at once. */
import type { z } from 'zod';
import { type Column, type ColumnProblem, isScalar } from './column.js';
import { structOf } from './zod-type.js';

/** The columns of a row's schema. When `problems` is not empty the columns are incomplete and must not be used. */
export function columnsOf(schema: z.ZodObject): { columns: Column[]; problems: ColumnProblem[] } {
  const problems: ColumnProblem[] = [];
  const columns = structOf(schema, problems);
  return { columns, problems };
}

/** The problems of a key: its columns must exist, be scalar and never be NULL. */
export function checkKey(columns: readonly Column[], key: readonly string[]): ColumnProblem[] {
  const names = columns.map((column) => column.name).join(', ');
  if (key.length === 0) {
    return [{ path: 'key', message: 'a row needs a key', mend: `name at least one of ${names}` }];
  }
  const problems: ColumnProblem[] = [];
  key.forEach((name, place) => {
    const path = `key[${place}]`;
    const column = columns.find((candidate) => candidate.name === name);
    if (key.indexOf(name) !== place) {
      problems.push({ path, message: `${name} stands twice in the key`, mend: 'name it once' });
    } else if (!column) {
      problems.push({
        path,
        message: `the schema has no column ${JSON.stringify(name)}`,
        mend: `one of ${names}`,
      });
    } else if (!isScalar(column.type)) {
      problems.push({
        path,
        message: `${name} is a ${column.type.kind}, which cannot identify a row`,
        mend: 'use a string, number, boolean, bigint or date column',
      });
    } else if (column.nullable) {
      problems.push({
        path,
        message: `${name} may be missing, and a row without its key has no identity`,
        mend: `make ${name} required (drop .optional() or .nullable(), or give it a default)`,
      });
    }
  });
  return problems;
}
