/** Which names a column or a nested field may have, so that every reader of the files can tell them apart. */
import type { ColumnProblem } from './column.js';

/** Columns that every dataset has beside the target's own; the last one with `incremental` only. */
export const EXTRA_COLUMNS = ['_page_url', '_fetched_at', '_batch', '_carried_from'] as const;

const LONE_SURROGATE = /\p{Surrogate}/u;
const CONTROL = /[\u0000-\u001f\u007f]/;

function problemOf(name: string, topLevel: boolean): { message: string; mend: string } | undefined {
  if (name.trim() === '') return { message: 'a column needs a name', mend: 'give the field a name' };
  if (name === '__proto__') {
    return { message: '__proto__ is not a field in JavaScript', mend: 'rename the field' };
  }
  if (CONTROL.test(name) || LONE_SURROGATE.test(name) || name.includes(',')) {
    return {
      message: 'a comma, control character or broken character in a column name',
      mend: 'use letters, digits and _',
    };
  }
  const taken = topLevel && EXTRA_COLUMNS.find((extra) => name.toLowerCase().startsWith(extra));
  if (taken) {
    return {
      message: `names that begin with ${taken} belong to the farm's own columns`,
      mend: 'rename the field',
    };
  }
  return undefined;
}

/** The problems of the names of one object's fields; `prefix` is the object's path, empty for the row. */
export function checkNames(names: readonly string[], prefix: string): ColumnProblem[] {
  const problems: ColumnProblem[] = [];
  const seen = new Map<string, string>();
  for (const name of names) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const problem = problemOf(name, prefix === '');
    if (problem) problems.push({ path, ...problem });
    const folded = name.toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) {
      problems.push({
        path,
        message: `differs from ${JSON.stringify(other)} only in case, and SQL does not see case in names`,
        mend: 'rename one of the two',
      });
    }
    seen.set(folded, name);
  }
  return problems;
}
