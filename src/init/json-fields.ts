/** What a value of a JSON answer is called as a column, and how it is read. */
import type { ProposedColumn } from './columns.js';
import { isNumeric } from './json-values.js';
import type { JsonField } from './proposal.js';

/** Its own name, that with what it is of, and that with all that leads to it: the first that is free is the best. */
export function namesFor(path: readonly string[]): string[] {
  const words = path.filter((step) => !/^\d+$/.test(step)).map(wordOf);
  const own = words.at(-1) ?? '';
  const isWeak =
    /^(?:name|value|id|url|title|text|label|amount|code|slug|type)$/.test(own) && words.length > 1;
  const longer = [camel(words.slice(-2)), camel(words)];
  return isWeak ? [...longer, own] : [own, ...longer];
}

/** As the values are; a text that the page shows as a number, or that is a time, is read as that. Undefined: no column. */
export function kindOfValues(
  values: readonly unknown[],
  column: ProposedColumn | undefined,
): Pick<JsonField, 'jsonKind' | 'isRaw'> | undefined {
  const there = values.filter((value) => value !== undefined);
  const all = (is: (value: unknown) => boolean): boolean => there.every(is);
  if (there.length === 0) return undefined;
  if (all(isTexts)) return { jsonKind: 'list', isRaw: true };
  if (all((value) => typeof value === 'number')) return { jsonKind: 'number', isRaw: true };
  if (all((value) => typeof value === 'boolean')) return { jsonKind: 'boolean', isRaw: true };
  if (!all((value) => typeof value !== 'object')) return undefined;
  if (!all((value) => typeof value === 'string')) return { jsonKind: 'text', isRaw: false };
  const texts = there as string[];
  if (column?.kind === 'number' && texts.every(isNumeric)) return { jsonKind: 'number', isRaw: false };
  return { jsonKind: texts.every(isTime) ? 'date' : 'text', isRaw: !texts.every(isTime) };
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text));
}

function wordOf(step: string): string {
  const words = step.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = camel(words);
  return joined.charAt(0).toLowerCase() + joined.slice(1);
}

function camel(words: readonly string[]): string {
  return words
    .map((word, at) => (at === 0 ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
    .join('');
}
