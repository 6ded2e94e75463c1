/** A row line with its place and key before it, so that dedup and merge need not parse the row again. */
import type { Column } from './column.js';

const TAB = 0x09;
const NEWLINE = Buffer.from('\n');

export interface KeyedLine {
  page: number;
  index: number;
  key: string;
  /** The row's own line, without a newline. */
  line: Buffer;
}

/** JSON text escapes tabs and newlines, so neither can stand in the key or the row. */
export function writeKeyed({ page, index, key, line }: KeyedLine): Buffer {
  return Buffer.concat([Buffer.from(`${page}\t${index}\t${key}\t`), line, NEWLINE]);
}

/** `line` shares the given bytes. */
export function readKeyed(bytes: Buffer): KeyedLine {
  const first = bytes.indexOf(TAB);
  const second = bytes.indexOf(TAB, first + 1);
  const third = bytes.indexOf(TAB, second + 1);
  return {
    page: Number(bytes.toString('latin1', 0, first)),
    index: Number(bytes.toString('latin1', first + 1, second)),
    key: bytes.toString('utf8', second + 1, third),
    line: bytes.subarray(third + 1),
  };
}

/** Whether `a` comes before `b` in the dataset, or stands at the same place. */
export function isBefore(a: { page: number; index: number }, b: { page: number; index: number }): boolean {
  return a.page < b.page || (a.page === b.page && a.index <= b.index);
}

/** A row's key as text; equal for equal keys. An int64 may be encoded as a number or as text. */
export function keyTextOf(columns: readonly Column[], row: Record<string, unknown>): string {
  return JSON.stringify(
    columns.map(({ name, type }) => (type.kind === 'int64' ? String(row[name]) : row[name])),
  );
}
