/** Two delivered batches side by side, as the API shows it: counts, and the first changes with values cut short. */

import type { DeliveredBatchOptions } from '../batch/delivered-batch.js';
import { type BatchDiff, withBatchDiff } from '../batch/diff.js';
import type { DiffAsked, DiffView } from './schemas.js';

/** Characters of a value, as JSON, that are shown. */
const MOST_TEXT = 300;

type Change = DiffView['changes'][number];

/** Throws as `withBatchDiff`. */
export function compareForView(
  after: string,
  { with: before, limit }: DiffAsked,
  options: DeliveredBatchOptions,
): Promise<DiffView> {
  return withBatchDiff({ ...options, before, after }, (diff) => viewOf(diff, limit));
}

async function viewOf(
  { before, after, shape, counts, changes }: BatchDiff,
  limit: number,
): Promise<DiffView> {
  const shown: Change[] = [];
  for await (const { change, key, columns, page, before: was, after: is } of changes(limit)) {
    const values = columns.map((column) => ({
      column,
      before: textOf(was?.[column]),
      after: textOf(is?.[column]),
    }));
    shown.push({ change, key: Object.values(key).map(textOf).join(', '), page, values });
  }
  const { added, gone } = shape;
  const { columns, ...rows } = counts;
  return {
    ...{ before, after, key: [...shape.key] },
    rows,
    columns,
    schema: {
      added: added.map(({ name }) => name),
      gone: gone.map(({ name }) => name),
      retyped: shape.retyped.map(({ name }) => name),
    },
    changes: shown,
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return cut(value);
  if (value === null || value === undefined) return '';
  const json = JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? inner.toString() : inner,
  );
  return cut(value instanceof Date ? value.toISOString() : json);
}

function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
}
