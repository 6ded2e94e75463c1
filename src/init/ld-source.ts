/** The part of a written target that reads JSON-LD; `json-ld.ts` finds by the same rules. */
import type { ColumnKind, ProposedColumn } from './columns.js';
import { LD_DEPTH, LD_HOLDERS } from './json-ld.js';
import { quote } from './literals.js';
import type { ProposedField } from './proposal.js';

export const LD_HELPERS = { items: 'itemsOf' } as const;

/** Of what is not of its kind as it stands there. */
export const READERS: Record<ColumnKind, string> = {
  string: 'textOf',
  url: 'textOf',
  number: 'numberOf',
  boolean: 'booleanOf',
  date: 'dateOf',
  list: 'listOf',
};

const FUNCTIONS: Record<string, string> = {
  textOf: `function textOf(value: unknown): string | undefined {
  return ['string', 'number', 'boolean'].includes(typeof value) && value !== '' ? String(value).trim() : undefined;
}
`,
  numberOf: `/** What is no number stays as it is, for the schema to refuse. */
function numberOf(value: unknown): unknown {
  return /^-?\\d+(\\.\\d+)?(e[+-]?\\d+)?$/i.test(String(value).trim()) ? Number(value) : (value ?? undefined);
}
`,
  booleanOf: `function booleanOf(value: unknown): unknown {
  return value === 'true' || value === 'false' ? value === 'true' : (value ?? undefined);
}
`,
  dateOf: `/** What is no date stays as it is, for the schema to refuse. */
function dateOf(value: unknown): unknown {
  const date = typeof value === 'string' ? new Date(value) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? (value ?? undefined) : date;
}
`,
  listOf: `function listOf(value: unknown): string[] {
  return [value].flat().filter((one) => typeof one === 'string');
}
`,
};

const ITEMS = `
/** The page's JSON-LD items of a type, those of lists and graphs included. */
function itemsOf(texts: string[], type: string): Item[] {
  const found: Item[] = [];
  const visit = (value: unknown, depth: number): void => {
    if (depth > ${LD_DEPTH} || typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const one of value) visit(one, depth + 1);
      return;
    }
    const item = value as Item;
    if ([item['@type']].flat().includes(type)) found.push(item);
    for (const name of [${LD_HOLDERS.map(quote).join(', ')}])
      if (Object.hasOwn(item, name)) visit(item[name], depth + 1);
  };
  for (const text of texts) {
    try {
      visit(JSON.parse(text), 0);
    } catch {
      // no JSON
    }
  }
  return found;
}

/** The value at a path; of lists on the way the first. */
function valueAt(item: Item, ...path: string[]): unknown {
  let value: unknown = item;
  for (const step of path) {
    const one: unknown = Array.isArray(value) ? value[0] : value;
    value = typeof one === 'object' && one !== null ? (one as Item)[step] : undefined;
  }
  return value;
}

/** The value at a path, of a list the first. */
function firstAt(item: Item, ...path: string[]): unknown {
  const value = valueAt(item, ...path);
  return Array.isArray(value) ? value[0] : value;
}
`;

/** What the columns need beside the target itself. */
export function ldHelpersFor(columns: readonly ProposedColumn[]): { types: string; functions: string } {
  const used = new Set(
    columns.filter(({ field }) => field.from === 'json-ld').map(({ kind }) => READERS[kind]),
  );
  return { types: '\ntype Item = Record<string, unknown>;\n', functions: ITEMS + readerFunctions(used) };
}

/** By the names that `READERS` gives them. */
export function readerFunctions(used: ReadonlySet<string>): string {
  return [...used]
    .sort()
    .map((name) => `\n${FUNCTIONS[name] ?? ''}`)
    .join('');
}

/** How a column is read of `item`; what is not of the item is the page's address. */
export function ldCall(field: ProposedField, kind: ColumnKind): string {
  if (field.from !== 'json-ld') return 'request.url';
  const path = field.path.map(quote).join(', ');
  return kind === 'list' ? `listOf(valueAt(item, ${path}))` : `${READERS[kind]}(firstAt(item, ${path}))`;
}
