/** Which columns of two datasets are compared, and what is only said of the others. */
import { ThreshError } from '../errors.js';
import type { ColumnDescription } from './column.js';

export interface DatasetShape {
  columns: readonly ColumnDescription[];
  key: readonly string[];
}

export interface DiffShape {
  key: readonly string[];
  /** Columns that both have, in the order of the later one; the key's are not among them. */
  compared: string[];
  /** Columns that only one of the two has. */
  added: ColumnDescription[];
  gone: ColumnDescription[];
  /** Compared by value. */
  retyped: { name: string; before: string; after: string }[];
}

/** `only`: columns that are compared, all when it is left out. Throws USAGE: other keys, or a column that neither has. */
export function diffShape(before: DatasetShape, after: DatasetShape, only?: readonly string[]): DiffShape {
  if (before.key.join('\n') !== after.key.join('\n')) {
    throw usage(
      `the rows of the two cannot be matched: their keys are ${before.key.join(', ')} and ${after.key.join(', ')}`,
      'compare batches of one key',
    );
  }
  const [was, is] = [byName(before), byName(after)];
  const strange = only?.filter((name) => !was.has(name) && !is.has(name)) ?? [];
  if (strange.length > 0) {
    const names = [...new Set([...is.keys(), ...was.keys()])];
    throw usage(`no column is called ${strange.join(', ')}`, `there are ${names.join(', ')}`);
  }
  const isMeant = ({ name }: ColumnDescription): boolean => only === undefined || only.includes(name);
  const common = after.columns.filter(({ name }) => was.has(name));
  return {
    key: after.key,
    compared: common
      .filter((column) => isMeant(column) && !after.key.includes(column.name))
      .map(({ name }) => name),
    added: after.columns.filter(({ name }) => !was.has(name)),
    gone: before.columns.filter(({ name }) => !is.has(name)),
    retyped: common.flatMap(({ name, type }) => {
      const earlier = was.get(name)?.type ?? type;
      return earlier === type ? [] : [{ name, before: earlier, after: type }];
    }),
  };
}

/** The columns of one side that a change shows: its key's, then those that are compared or that it alone has. */
export function shownColumns(
  { columns }: DatasetShape,
  shape: DiffShape,
  only?: readonly string[],
): string[] {
  const names = columns
    .map(({ name }) => name)
    .filter((name) => !shape.key.includes(name) && (only === undefined || only.includes(name)));
  return [...shape.key, ...names];
}

function byName({ columns }: DatasetShape): Map<string, ColumnDescription> {
  return new Map(columns.map((column) => [column.name, column]));
}

function usage(message: string, mend: string): ThreshError {
  return new ThreshError(message, { code: 'USAGE', scope: 'batch', mend });
}
