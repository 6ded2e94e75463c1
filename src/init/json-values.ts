/** What stands in a JSON answer: its values by the names that lead to them, and which of them a page shows. */
import type { Cell } from './samples.js';

/** A text, a number, a flag, or a list of texts. */
export interface Leaf {
  /** Names, and `0` for the first of a list. */
  path: string[];
  value: string | number | boolean | readonly string[];
}

/** How a cell shows a value: by itself, as an address that it leads to, or among other words. */
export type Fit = 'same' | 'address' | 'within';

const MOST_LEAVES = 600;
const DEEPEST = 7;
const LONGEST_NAME = 60;
/** Shorter texts are found in others by chance. */
const LEAST_WITHIN = 3;
/** Of a cell no more is kept. */
const CELL_CUT = 2_000;

/** In order; of a list of objects those of the first. */
export function leavesOf(root: unknown): Leaf[] {
  const leaves: Leaf[] = [];
  const visit = (value: unknown, path: string[]): void => {
    if (leaves.length >= MOST_LEAVES || path.length > DEEPEST || value === null) return;
    if (Array.isArray(value)) {
      if (value.every((one) => typeof one === 'string')) leaves.push({ path, value });
      if (value.length > 0) visit(value[0], [...path, '0']);
    } else if (typeof value === 'object') {
      for (const [name, inner] of Object.entries(value)) if (isName(name)) visit(inner, [...path, name]);
    } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      leaves.push({ path, value });
  };
  visit(root, []);
  return leaves;
}

/** Undefined where nothing, or null, stands there. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value ?? undefined;
}

/** Lists of objects, the largest of them first. */
export function listsOf(root: unknown): { path: string[]; items: readonly unknown[] }[] {
  const lists: { path: string[]; items: readonly unknown[] }[] = [];
  const visit = (value: unknown, path: string[]): void => {
    if (typeof value !== 'object' || value === null || path.length > 4) return;
    if (Array.isArray(value)) {
      if (value.length > 0 && value.every(isRecord)) lists.push({ path, items: value });
    } else for (const [name, inner] of Object.entries(value)) if (isName(name)) visit(inner, [...path, name]);
  };
  visit(root, []);
  return lists.sort((a, b) => b.items.length - a.items.length);
}

/** Undefined: the cell is not this value. `url`: of the page. */
export function fitOf(cell: Cell, value: unknown, url: string): Fit | undefined {
  const { text, number, date, list } = cell;
  if (list !== undefined) {
    const isSame =
      Array.isArray(value) &&
      value.length === list.length &&
      value.every((one, at) => typeof one === 'string' && isSameText(list[at] ?? '', one));
    return isSame ? 'same' : undefined;
  }
  if (typeof value === 'boolean') return text === String(value) ? 'same' : undefined;
  if (text === undefined) return undefined;
  if (typeof value === 'number') {
    if (number === value || text === String(value)) return 'same';
    return numbersIn(text).some((shown) => isShownAs(value, shown)) ? 'within' : undefined;
  }
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  if (isSameText(text, value)) return 'same';
  if (number !== undefined && isNumeric(value) && Number(value) === number) return 'same';
  if (date !== undefined && Date.parse(value) === date.getTime()) return 'same';
  if (/^https?:/.test(text) && URL.canParse(value, url) && new URL(value, url).href === text)
    return 'address';
  return isWithin(text, fold(value)) ? 'within' : undefined;
}

export function isNumeric(text: string): boolean {
  return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text.trim());
}

function isName(name: string): boolean {
  return name.length <= LONGEST_NAME && !(name in Object.prototype);
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fold(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function isSameText(shown: string, value: string): boolean {
  const folded = fold(value);
  return fold(shown) === folded || (shown.length >= CELL_CUT && folded.startsWith(fold(shown)));
}

function numbersIn(text: string): string[] {
  return text.replace(/(?<=\d)[,'’\u00a0\u202f](?=\d{3})/g, '').match(/-?\d+(?:\.\d+)?/g) ?? [];
}

/** Rounded as the page rounds it. */
function isShownAs(value: number, shown: string): boolean {
  const decimals = shown.split('.')[1]?.length ?? 0;
  return Number(shown) === value || (decimals > 0 && value.toFixed(decimals) === shown);
}

/** As words of their own. */
function isWithin(text: string, value: string): boolean {
  if (value.length < LEAST_WITHIN) return false;
  const at = text.indexOf(value);
  const isWord = (character: string | undefined): boolean => /^[\p{L}\p{N}]$/u.test(character ?? '');
  return at >= 0 && !isWord(text[at - 1]) && !isWord(text[at + value.length]);
}
