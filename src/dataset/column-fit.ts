/** What has become of each column in rows that were delivered and are read again. */
import type { Column } from './column.js';
import { comparableText, own, type Row } from './comparable.js';
import type { FreshRow } from './match-rows.js';

export interface ColumnFit {
  name: string;
  /** Rows in which it had a value. */
  had: number;
  /** Of these: another value, or another place for it. */
  changed: number;
  /** Of these: NULL, or missing where the schema wants it. */
  nulled: number;
  /** Of these: a value that the schema refuses. */
  refused: number;
  /** Had none, and has one now. */
  filled: number;
  /** The column in which its values stand now, and in how many rows. */
  moved?: { to: string; rows: number };
  /** Why it does not fit any more; absent when it does. */
  broken?: string;
}

export interface RowPair {
  before: Row;
  now: FreshRow;
}

const NULL = 'null';
/** Of text and digits: what is shorter stands in two columns by chance. */
const TELLING_CHARACTERS = 3;

/** In the columns' order. */
export function columnFits(columns: readonly Column[], pairs: readonly RowPair[]): ColumnFit[] {
  const counted = columns.map((column) => ({
    fit: { name: column.name, had: 0, changed: 0, nulled: 0, refused: 0, filled: 0 } as ColumnFit,
    moves: new Map<string, number>(),
  }));
  for (const { before, now } of pairs) {
    const texts = columns.map((column) => ({
      was: comparableText(column, own(before, column.name)),
      is: comparableText(column, own(now.row, column.name)),
    }));
    for (const [at, { fit, moves }] of counted.entries()) {
      const { was = NULL, is = NULL } = texts[at] ?? {};
      const end = endOf({ was, is, isRefused: isRefused(now, fit.name) });
      if (was !== NULL) fit.had += 1;
      if (end !== 'same') fit[end] += 1;
      if (end === 'same' || end === 'filled' || !isTelling(was)) continue;
      for (const [other, text] of texts.entries())
        if (other !== at && text.is === was && text.was !== was) {
          const to = columns[other]?.name ?? '';
          moves.set(to, (moves.get(to) ?? 0) + 1);
        }
    }
  }
  return counted.map(({ fit, moves }) => judged(fit, moves, pairs.length));
}

function endOf({ was, is, isRefused }: { was: string; is: string; isRefused: boolean }) {
  if (was === NULL) return is === NULL ? 'same' : 'filled';
  if (is === NULL) return 'nulled';
  if (isRefused) return 'refused';
  return was === is ? 'same' : 'changed';
}

function isRefused({ issues = [] }: FreshRow, column: string): boolean {
  return issues.some(({ path }) => path === column || path.startsWith(`${column}.`));
}

/** Not what is often the same by chance: flags, small numbers, empty lists. */
function isTelling(text: string): boolean {
  return (text.match(/[\p{L}\p{N}]/gu) ?? []).length >= TELLING_CHARACTERS && !/^(?:true|false)$/.test(text);
}

function judged(fit: ColumnFit, moves: ReadonlyMap<string, number>, pairs: number): ColumnFit {
  const isMost = (rows: number): boolean => rows * 2 > fit.had && rows >= Math.min(2, pairs);
  const [move] = [...moves].sort(([, a], [, b]) => b - a);
  const moved = move !== undefined && isMost(move[1]) ? { to: move[0], rows: move[1] } : undefined;
  const rows = `of ${fit.had} rows that had it`;
  const broken =
    moved !== undefined
      ? `${fit.name} stands in ${moved.to} in ${moved.rows} ${rows}`
      : isMost(fit.nulled)
        ? `${fit.name} is NULL in ${fit.nulled} ${rows}`
        : isMost(fit.refused)
          ? `${fit.name} is refused in ${fit.refused} ${rows}`
          : undefined;
  return { ...fit, ...(moved === undefined ? {} : { moved }), ...(broken === undefined ? {} : { broken }) };
}
