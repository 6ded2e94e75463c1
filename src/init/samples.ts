/** What the fields of a proposal are on a page, read as text, number and date at once. */

import type { FieldSpec } from '../target/definition.js';
import { type FieldsQuery, fieldsQuery } from '../target/fields.js';
import { ldItems, ldValue } from './json-ld.js';
import type { Proposal, ProposedField } from './proposal.js';

export interface Cell {
  text: string | undefined;
  number: number | undefined;
  date: Date | undefined;
  list: string[] | undefined;
}

/** A row's cells, by the names of the fields. */
export type SampleRow = ReadonlyMap<string, Cell>;

const MOST_ROWS = 200;
const MOST_TEXT = 2_000;

/** How a page is asked; undefined when all that is needed is its JSON-LD. */
export function sampleQuery({ source, rows, fields }: Proposal): FieldsQuery | undefined {
  if (source === 'json-ld') return undefined;
  const asked: Record<string, FieldSpec> = {};
  for (const [at, field] of fields.entries()) {
    if (!('select' in field)) continue;
    const select = selectOf(field);
    const isUrl = field.kind === 'link' || field.kind === 'image';
    asked[`text${at}`] = { select, ...(isUrl ? { as: 'url' as const } : {}), all: field.all };
    if (field.all || isUrl) continue;
    asked[`number${at}`] = { select, as: 'number' };
    if (field.kind === 'time') asked[`date${at}`] = { select, as: 'date' };
  }
  return fieldsQuery({ ...(rows === undefined ? {} : { rows }), fields: asked });
}

/** As a field of a target says it. */
export function selectOf({ select, attribute }: { select: string; attribute: string | null }): string {
  return attribute === null ? select : `${select}@${attribute}`;
}

/** The rows of what `sampleQuery` was answered. */
export function sampleRows(proposal: Proposal, answer: unknown): SampleRow[] {
  const { rows } = sampleQuery(proposal)?.parse(answer) ?? { rows: [] };
  return (rows as Record<string, unknown>[])
    .slice(0, MOST_ROWS)
    .map(
      (row) =>
        new Map(
          proposal.fields.map((field, at) => [
            field.name,
            cellOf(row[`text${at}`], row[`number${at}`], row[`date${at}`]),
          ]),
        ),
    );
}

/** The rows that a page's JSON-LD has. */
export function ldSampleRows({ type, fields }: Proposal, texts: readonly string[]): SampleRow[] {
  const items = ldItems(texts).get(type ?? '') ?? [];
  return items
    .slice(0, MOST_ROWS)
    .map((item) => new Map(fields.map((field) => [field.name, ldCell(item, field)])));
}

function ldCell(item: Record<string, unknown>, field: ProposedField): Cell {
  const nothing: Cell = { text: undefined, number: undefined, date: undefined, list: undefined };
  if (field.from !== 'json-ld') return nothing;
  const value = ldValue(item, field.path);
  if (field.ldKind === 'list')
    return { ...nothing, list: [value].flat().filter((one) => typeof one === 'string') };
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (!['string', 'number', 'boolean'].includes(typeof first) || first === '') return nothing;
  const text = String(first).trim();
  if (field.ldKind === 'number')
    return {
      ...nothing,
      text,
      number: /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined,
    };
  if (field.ldKind === 'date') {
    const date = new Date(text);
    return { ...nothing, text, date: Number.isNaN(date.getTime()) ? undefined : date };
  }
  return { ...nothing, text };
}

function cellOf(text: unknown, number: unknown, date: unknown): Cell {
  const isList = Array.isArray(text);
  return {
    text: typeof text === 'string' ? text.slice(0, MOST_TEXT) : undefined,
    number: typeof number === 'number' ? number : undefined,
    date: date instanceof Date ? date : undefined,
    list: isList
      ? text.filter((one) => typeof one === 'string').map((one) => one.slice(0, MOST_TEXT))
      : undefined,
  };
}
