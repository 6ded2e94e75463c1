/** Columns that fit what was seen: types, what may be missing, and what names a row. */
import type { Proposal, ProposedField } from './proposal.js';
import type { Cell, SampleRow } from './samples.js';

export type ColumnKind = 'string' | 'number' | 'boolean' | 'date' | 'url' | 'list';

export interface ProposedColumn {
  field: ProposedField;
  name: string;
  kind: ColumnKind;
  /** Missing on some of the rows that were seen. */
  optional: boolean;
  example: string;
  /** Rows on which it is a number, when it is one on some but not on all of them. */
  numbers?: { is: number; of: number };
}

export interface Columns {
  columns: readonly ProposedColumn[];
  /** Names of columns; empty when nothing names a row. */
  key: readonly string[];
}

const NOTHING: Cell = { text: undefined, number: undefined, date: undefined, list: undefined };
/** A field that fewer of the rows have is left out. */
const LEAST_SHARE = 0.1;
const MOST_COLUMNS = 30;
const LONGEST_KEY = 300;
/** Numbers that name something are no amounts. */
const NAMES_SOMETHING =
  /^(?:id|sku|mpn|ean|upc|isbn|asin|gtin\d*|slug|code|zip|phone|tel|telephone|fax|text\d?|title|name|description)$|(?:Id|ID|Sku|Code|Number|Phone|Url|Slug|Key|Name|Title)$/;
const KEYS = [
  /^(?:sku|asin|isbn|ean|gtin\d*|mpn|upc)$/,
  /^(?:id|uid|uuid|key|code)$|^(?:product|item|article|listing|variant|offer|data|post|event|job)(?:Id|ID|Sku|Code|Key)$/,
  /^(?:slug|handle|identifier)$/,
  /(?:Id|Sku|Code|Slug|Key)$/,
  /^(?:url|link|href|canonical)$/,
  /Url$/,
  /^(?:title|name|headline|heading)$/,
];

/** `rows` are all that were seen, on all pages; at least one. */
export function columnsFrom({ fields }: Proposal, rows: readonly SampleRow[]): Columns {
  const columns: ProposedColumn[] = [];
  const told = new Map<string, string>();
  for (const field of fields) {
    const cells = rows.map((row) => row.get(field.name) ?? NOTHING);
    const there = cells.filter(isThere);
    if (there.length === 0 || there.length < rows.length * LEAST_SHARE) continue;
    const column = columnOf(field, cells, there);
    const says = JSON.stringify(cells.map(({ text, list }) => list ?? text ?? null));
    const twin = told.get(says);
    const isTwin = twin !== undefined && (says.match(/[\p{L}\p{N}]/gu)?.length ?? 0) > rows.length * 2;
    if (isTwin && keyRank(field.name) >= keyRank(twin)) continue;
    told.set(says, field.name);
    columns.push(column);
  }
  const kept = columns.slice(0, MOST_COLUMNS);
  return { columns: kept, key: keyOf(kept, rows) };
}

/** The columns with those that are not there at all on some of these rows as what may be missing. */
export function widen(
  { columns, key }: Columns,
  rows: readonly SampleRow[],
): { columns: ProposedColumn[]; widened: string[] } {
  const widened: string[] = [];
  const wide = columns.map((column) => {
    const { name, optional, kind } = column;
    const mayStay = optional || kind === 'list' || key.includes(name) || column.field.from === 'address';
    if (mayStay || rows.every((row) => isThere(row.get(name) ?? NOTHING))) return column;
    widened.push(name);
    return { ...column, optional: true };
  });
  return { columns: wide, widened };
}

function columnOf(field: ProposedField, cells: readonly Cell[], there: readonly Cell[]): ProposedColumn {
  const kind = kindOf(field, there);
  const isNumeric = there.filter(({ text, number }) => number !== undefined && isAmount(text ?? '')).length;
  const mixed =
    kind === 'string' &&
    isNumeric * 2 > there.length &&
    isNumeric < there.length &&
    !NAMES_SOMETHING.test(field.name);
  return {
    field,
    name: field.name,
    kind,
    optional: kind !== 'list' && there.length < cells.length,
    example: exampleOf(there[0], kind),
    ...(mixed ? { numbers: { is: isNumeric, of: there.length } } : {}),
  };
}

function kindOf(field: ProposedField, there: readonly Cell[]): ColumnKind {
  const { name } = field;
  if (field.from === 'json' && field.jsonKind === 'text') return there.every(isUrl) ? 'url' : 'string';
  if (field.from === 'json-ld' || field.from === 'json') {
    const kind = field.from === 'json' ? field.jsonKind : field.ldKind;
    if (kind === 'list') return 'list';
    if (kind === 'number') return there.every(({ number }) => number !== undefined) ? 'number' : 'string';
    if (kind === 'date') return there.every(({ date }) => date !== undefined) ? 'date' : 'string';
    if (kind === 'boolean')
      return there.every(({ text }) => /^(?:true|false)$/.test(text ?? '')) ? 'boolean' : 'string';
    return 'string';
  }
  if (field.from === 'address') return 'url';
  if (field.all) return 'list';
  if (field.kind === 'link' || field.kind === 'image') return there.every(isUrl) ? 'url' : 'string';
  if (field.kind === 'time') return there.every(({ date }) => date !== undefined) ? 'date' : 'string';
  const isNumber = there.every(({ text = '', number }) => number !== undefined && isAmount(text));
  return isNumber && !NAMES_SOMETHING.test(name) ? 'number' : 'string';
}

function isUrl({ text = '' }: Cell): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

/** One number, with nothing but a currency or a sign of percent around it; no code with a zero in front. */
function isAmount(text: string): boolean {
  return (
    /^(?:\p{Lu}{3}|\p{Lu}{0,2}\p{Sc})?\s*[-+−]?\s*\p{Sc}?\s*\d[\d.,'’\s\u00a0\u202f]*(?:\p{Sc}|\p{Lu}{3}|%|,-|\.-|kr\.?|zł|Kč|Ft)?$/u.test(
      text.trim(),
    ) && !/^0\d/.test(text.trim())
  );
}

function isThere({ text, list }: Cell): boolean {
  return list !== undefined ? list.length > 0 : text !== undefined && text !== '';
}

/** The best name that is there and different on every row; else as many columns as tell the rows apart. */
function keyOf(columns: readonly ProposedColumn[], rows: readonly SampleRow[]): string[] {
  const able = columns.filter(
    ({ name, kind, optional }) =>
      !optional && kind !== 'list' && rows.every((row) => (row.get(name)?.text ?? '').length <= LONGEST_KEY),
  );
  const tells = (names: readonly string[]): boolean => {
    const seen = new Set(rows.map((row) => JSON.stringify(names.map((name) => row.get(name)?.text))));
    return seen.size === rows.length;
  };
  const ranked = [...able].sort((a, b) => keyRank(a.name) - keyRank(b.name));
  const named = ranked.filter(({ name }) => keyRank(name) < KEYS.length).map(({ name }) => name);
  const single = named.find((name) => tells([name]));
  if (single !== undefined) return [single];
  const all = ranked.map(({ name }) => name);
  for (const [at, name] of all.entries())
    for (const other of all.slice(at + 1)) if (tells([name, other])) return [name, other];
  // A row that comes twice on the page: the better name is one all the same.
  return named[0] === undefined ? all.slice(0, 1) : [named[0]];
}

function keyRank(name: string): number {
  const at = KEYS.findIndex((pattern) => pattern.test(name));
  return at < 0 ? KEYS.length : at;
}

function exampleOf(cell: Cell | undefined, kind: ColumnKind): string {
  if (cell === undefined) return '';
  if (kind === 'list') return (cell.list ?? []).join(', ');
  if (kind === 'number') return String(cell.number);
  if (kind === 'date') return cell.date?.toISOString() ?? '';
  return cell.text ?? '';
}
