/**
 * Whether two renderings of one page gave the same: the outcome, the rows as they would be delivered, what the schema
 * refused, the links that were followed, each in order. When they were fetched, and how long it took, is left out.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { RenderedPage } from './render.js';

export function sameRows(a: RenderedPage, b: RenderedPage): boolean {
  return differenceOf(a, b) === undefined;
}

/** The first difference, in words; undefined when there is none. */
export function differenceOf(a: RenderedPage, b: RenderedPage): string | undefined {
  const [one, other] = [contentOf(a), contentOf(b)];
  if (one.outcome !== other.outcome) return `${one.outcome} against ${other.outcome}`;
  for (const part of ['rows', 'refused', 'followed'] as const) {
    const [ours, theirs] = [one[part], other[part]];
    if (ours.length !== theirs.length)
      return `${ours.length} ${NAMES[part]} against ${theirs.length}${firstMissing(ours, theirs)}`;
    const at = ours.findIndex((entry, index) => !isDeepStrictEqual(entry, theirs[index]));
    if (at !== -1) return `${NAMES[part]} ${at + 1}: ${firstField(ours[at], theirs[at])}`;
  }
  return undefined;
}

/** The same for all renderings that `sameRows` takes for the same, and for no others. */
export function digestOf(rendered: RenderedPage): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(contentOf(rendered))))
    .digest('base64url');
}

const NAMES = { rows: 'row', refused: 'refused row', followed: 'link' } as const;
const MOST_WORDS = 80;

interface Content {
  outcome: RenderedPage['outcome'];
  rows: unknown[];
  refused: unknown[];
  followed: unknown[];
}

/** As it would be written. */
function contentOf(rendered: RenderedPage): Content {
  const { outcome } = rendered;
  if (outcome === 'gone') return { outcome, rows: [], refused: [], followed: [] };
  const content: Content = {
    outcome,
    rows: rendered.rows.map(({ row }) => row),
    refused: rendered.quarantined.map(({ row, issues }) => ({ row, issues })),
    followed: rendered.followed,
  };
  return JSON.parse(JSON.stringify(content)) as Content;
}

function firstMissing(ours: unknown[], theirs: unknown[]): string {
  const [more, fewer] = ours.length > theirs.length ? [ours, theirs] : [theirs, ours];
  const missing = more.find((entry) => !fewer.some((other) => isDeepStrictEqual(entry, other)));
  return missing === undefined ? '' : `, only once ${shown(missing)}`;
}

function firstField(ours: unknown, theirs: unknown): string {
  if (!isRecord(ours) || !isRecord(theirs)) return `${shown(ours)} against ${shown(theirs)}`;
  for (const name of new Set([...Object.keys(ours), ...Object.keys(theirs)]))
    if (!isDeepStrictEqual(ours[name], theirs[name]))
      return `${name} ${shown(ours[name])} against ${shown(theirs[name])}`;
  return `${shown(ours)} against ${shown(theirs)}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MOST_WORDS ? `${text.slice(0, MOST_WORDS)}…` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keys in the order of the alphabet: the order in which an object was filled says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
