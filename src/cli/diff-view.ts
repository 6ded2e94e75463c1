/** What differs between two batches, for people. All of it is somebody else's text. */
import type { BatchDiff } from '../batch/diff.js';
import type { RowChange } from '../dataset/diff.js';
import { plainText } from '../telemetry/plain-text.js';
import { rowsTable } from './rows-table.js';

const MOST_NAMES = 2_000;

/** The first line of `--json`. */
export function summaryOf({ before, after, shape, counts }: BatchDiff): unknown {
  const { before: rowsBefore, after: rowsAfter, columns, ...rows } = counts;
  return {
    kind: 'summary',
    ...{ before, after, key: shape.key },
    rows: { before: rowsBefore, after: rowsAfter, ...rows },
    columns: Object.fromEntries(columns.map(({ name, rows: changed }) => [name, changed])),
    schema: { added: shape.added, gone: shape.gone, retyped: shape.retyped },
  };
}

export function summaryText({ before, after, shape, counts }: BatchDiff): string {
  const list = (items: readonly string[]): string => plainText(items.join(', '), MOST_NAMES);
  const typed = shape.retyped.map(({ name, before: was, after: is }) => `${name} ${was} -> ${is}`);
  const facts: [string, string][] = [
    ['rows', `${counts.before} before, ${counts.after} after`],
    ['added', String(counts.added)],
    ['gone', String(counts.gone)],
    ['changed', String(counts.changed)],
    ['same', String(counts.same)],
    ['by column', list(counts.columns.map(({ name, rows }) => `${name} ${rows}`))],
    ['new columns', list(shape.added.map(({ name, type }) => `${name} ${type}`))],
    ['columns gone', list(shape.gone.map(({ name, type }) => `${name} ${type}`))],
    ['other types', list(typed)],
  ];
  const lines = facts.filter(([, text]) => text !== '').map(([name, text]) => `  ${name.padEnd(13)} ${text}`);
  return `${[`${before.batch} -> ${after.batch}, by ${list(shape.key)}`, ...lines].join('\n')}\n`;
}

/** A line a changed value, and one a row that came or went. */
export function changesText({ counts }: BatchDiff, shown: readonly RowChange[], width?: number): string {
  const all = counts.added + counts.gone + counts.changed;
  if (all === 0 || shown.length === 0) return '';
  const rows = shown.flatMap(({ change, key, columns, before, after }) => {
    const named = { change, ...key };
    if (change !== 'changed')
      return [{ ...named, column: '(row)', before: restOf(before, key), after: restOf(after, key) }];
    return columns.map((column) => ({
      ...named,
      column,
      before: before?.[column],
      after: after?.[column],
    }));
  });
  const head = shown.length < all ? `\nthe first ${shown.length} of ${all} changes\n` : '\n';
  return `${head}${rowsTable(rows, width)}\n`;
}

/** The key stands in columns of its own. */
function restOf(row: Record<string, unknown> | null, key: Record<string, unknown>): unknown {
  return row && Object.fromEntries(Object.entries(row).filter(([name]) => !Object.hasOwn(key, name)));
}
