/** What the fields of a proposal are on a page, read as text, number and date at once. */

import type { FieldSpec } from '../target/definition.js';
import { type FieldsQuery, fieldsQuery } from '../target/fields.js';
import type { JsonAnswer } from './json-answers.js';
import { type LdField, ldItems, ldValue } from './json-ld.js';
import { answerOf } from './json-sources.js';
import { valueAt } from './json-values.js';
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

/** How a page is asked; undefined when all that is needed is its JSON-LD, or what it asked for. */
export function sampleQuery({ source, rows, fields }: Proposal): FieldsQuery | undefined {
  if (source === 'json-ld' || source === 'json') return undefined;
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

/** The rows that what a page asked for has; none where an answer did not come. */
export function jsonSampleRows(
  { json, fields }: Proposal,
  { url, answers }: { url: string; answers: readonly JsonAnswer[] },
): SampleRow[] {
  const { sources = [], items } = json ?? {};
  const roots = new Map(sources.map((source) => [source.name, answerOf(source, answers)?.value]));
  if ([...roots.values()].includes(undefined)) return [];
  const list: unknown = items === undefined ? [undefined] : valueAt([...roots.values()][0], items);
  if (!Array.isArray(list)) return [];
  const cell = (field: ProposedField, item: unknown): Cell => {
    if (field.from === 'address') return { ...NOTHING, text: url };
    if (field.from !== 'json') return NOTHING;
    const value = valueAt(items === undefined ? roots.get(field.source) : item, field.path);
    const around = field.around?.join(String(value));
    return valueCell(value === undefined ? value : (around ?? value), field.jsonKind);
  };
  return list
    .slice(0, MOST_ROWS)
    .map((item: unknown) => new Map(fields.map((field) => [field.name, cell(field, item)])));
}

const NOTHING: Cell = { text: undefined, number: undefined, date: undefined, list: undefined };

function ldCell(item: Record<string, unknown>, field: ProposedField): Cell {
  return field.from === 'json-ld' ? valueCell(ldValue(item, field.path), field.ldKind) : NOTHING;
}

function valueCell(value: unknown, kind: LdField['kind']): Cell {
  const nothing = NOTHING;
  if (kind === 'list') return { ...nothing, list: [value].flat().filter((one) => typeof one === 'string') };
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (!['string', 'number', 'boolean'].includes(typeof first) || first === '') return nothing;
  const text = String(first).trim();
  if (kind === 'number')
    return {
      ...nothing,
      text,
      number: /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined,
    };
  if (kind === 'date') {
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
