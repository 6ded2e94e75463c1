/** Rows as a table that fits its terminal. */
import Table from 'cli-table3';
import { plainText } from '../telemetry/plain-text.js';

const DEFAULT_WIDTH = 120;
const WIDEST_CELL = 48;
const NARROWEST_CELL = 12;
/** No colours, and no lines between the rows. */
const PLAIN = {
  style: { head: [], border: [] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};

/**
 * One line a row: numbers, lists and timestamps as what they are, text in one line without control characters. Cells
 * are cut to what fits `width` characters (default 120); columns for which there is no room at all are named below.
 */
export function rowsTable(rows: readonly Record<string, unknown>[], width = DEFAULT_WIDTH): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return '(no rows)';
  const cells = rows.map((row) => names.map((name) => cellText(row[name])));
  const wanted = names.map((name, place) =>
    Math.min(WIDEST_CELL, Math.max(name.length, ...cells.map((row) => row[place]?.length ?? 0))),
  );
  const widths = widthsFor(wanted, width);
  const shown = names.slice(0, widths.length);
  const table = new Table({
    head: shown.map((name, place) => plainText(name, widths[place])),
    colWidths: widths.map((inner) => inner + 2),
    ...PLAIN,
  });
  for (const row of cells) table.push(widths.map((inner, place) => plainText(row[place] ?? '', inner)));
  const left = names.slice(shown.length);
  return left.length === 0
    ? table.toString()
    : `${table.toString()}\n${plainText(`and ${left.length} more: ${left.join(', ')}`, width)}`;
}

/** One row, a field a line. */
export function rowTable(row: Record<string, unknown>, width = DEFAULT_WIDTH): string {
  const names = Object.keys(row);
  const nameWidth = Math.min(32, Math.max(NARROWEST_CELL, ...names.map((name) => name.length)));
  const valueWidth = Math.max(NARROWEST_CELL, width - nameWidth - 7);
  const table = new Table({ colWidths: [nameWidth + 2, valueWidth + 2], ...PLAIN });
  for (const name of names)
    table.push([plainText(name, nameWidth), plainText(cellText(row[name], valueWidth), valueWidth)]);
  return table.toString();
}

/** One row as it is and as it was, a field a line, with a mark where they differ. */
export function besideTable(
  fields: readonly { name: string; now: unknown; last: unknown; differs: boolean }[],
  { date, width = DEFAULT_WIDTH }: { date: string; width?: number },
): string {
  const nameWidth = Math.min(24, Math.max(NARROWEST_CELL, ...fields.map(({ name }) => name.length)));
  const valueWidth = Math.max(8, Math.floor((width - nameWidth - 14) / 2));
  const table = new Table({
    head: ['', 'now', '', date],
    colWidths: [nameWidth + 2, valueWidth + 2, 3, valueWidth + 2],
    ...PLAIN,
  });
  const cell = (value: unknown): string => plainText(cellText(value, valueWidth), valueWidth);
  for (const { name, now, last, differs } of fields)
    table.push([plainText(name, nameWidth), cell(now), differs ? '≠' : '', cell(last)]);
  return table.toString();
}

/** A field's value in a few words. */
export function shortValue(value: unknown): string {
  return plainText(cellText(value), WIDEST_CELL);
}

/** The widest columns give way first; columns that would fall under the narrowest are left out from the right. */
function widthsFor(wanted: readonly number[], width: number): number[] {
  const room = (count: number): number => width - 1 - 3 * count;
  let count = wanted.length;
  const least = (): number =>
    wanted.slice(0, count).reduce((sum, one) => sum + Math.min(one, NARROWEST_CELL), 0);
  while (count > 1 && least() > room(count)) count -= 1;
  const widths = wanted.slice(0, count);
  const total = (): number => widths.reduce((sum, one) => sum + one, 0);
  while (total() > room(count)) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST_CELL) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  return widths;
}

function cellText(value: unknown, max = WIDEST_CELL): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'string') return plainText(value, max);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (typeof value !== 'object') return String(value);
  try {
    return plainText(
      JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner)),
      max,
    );
  } catch {
    return '[circular]';
  }
}
