/** A page's rows as they are read now beside those that were delivered of it: by key, the later of two with one key. */
import type { Column } from './column.js';
import { EXTRA_COLUMNS } from './column-names.js';
import { comparable, keyText, own, type Row } from './comparable.js';

/** A row as it was read now. */
export interface FreshRow {
  /** Encoded by the columns; as it was read where the schema refused it. */
  row: Row;
  /** What the schema refused, by paths of zod; absent when it took the row. */
  issues?: readonly RowIssue[];
}

export interface RowIssue {
  path: string;
  message: string;
}

export interface MatchedRows {
  pairs: { before: Row; now: FreshRow }[];
  /** Delivered, and not there now. */
  missing: Row[];
  /** There now, and not delivered of this page. */
  came: FreshRow[];
}

export interface RowShape {
  columns: readonly Column[];
  key: readonly string[];
}

export function matchRows(
  { columns, key }: RowShape,
  delivered: readonly Row[],
  fresh: readonly FreshRow[],
): MatchedRows {
  const now = new Map(fresh.map((one) => [keyText(columns, key, one.row), one]));
  const matched: MatchedRows = { pairs: [], missing: [], came: [] };
  for (const before of delivered) {
    const text = keyText(columns, key, before);
    const found = now.get(text);
    now.delete(text);
    if (found === undefined) matched.missing.push(before);
    else matched.pairs.push({ before, now: found });
  }
  matched.came.push(...now.values());
  return matched;
}

/** One column of a row, now and then. */
export interface BesideField {
  name: string;
  now: unknown;
  last: unknown;
  differs: boolean;
}

/** Every column that the target or the delivered row has, in the target's order; the three extra ones left out. */
export function besideFields(columns: readonly Column[], now: Row, last: Row): BesideField[] {
  const fields = columns.map((column) => {
    const [value, before] = [
      comparable(column, own(now, column.name)),
      comparable(column, own(last, column.name)),
    ];
    return {
      name: column.name,
      now: value,
      last: before,
      differs: JSON.stringify(value) !== JSON.stringify(before),
    };
  });
  const gone = Object.keys(last).filter(
    (name) => !EXTRA.has(name) && !columns.some((column) => column.name === name),
  );
  return [
    ...fields,
    ...gone.map((name) => ({
      name,
      now: null,
      last: comparable(UNKNOWN, last[name]),
      differs: last[name] !== null,
    })),
  ];
}

const EXTRA = new Set<string>(EXTRA_COLUMNS);
/** Of a column that the target has no more. */
const UNKNOWN = { type: { kind: 'string' }, nullable: true } as const;
