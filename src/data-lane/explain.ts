/**
 * Explains a text that stands at one place of a request, page after page: as a constant, or by values of the pages.
 *
 * A hole is anchored: what stands around it is the same on every page and ends where the value begins (not within a word
 * or a number), and the values must say so much that they would not fit by chance, given how many were tried:
 * `log2(tried) + MARGIN_BITS`. A value seen for the first time says what its letters and digits say; one seen
 * before says how seldom it is.
 */
import { CODES, SLICES, sliceOf, written } from './slices.js';
import { type SourcePage, sourcesOf, valueAt } from './sources.js';
import type { Code, Explanation, Held, Slice, Source, TextTemplate } from './template.js';

/** A value that every page has, as it may be used. */
export interface Candidate {
  source: Source;
  slice: Slice;
  /** By page. */
  values: readonly string[];
}

export interface Candidates {
  /** Of the pages themselves. */
  ofPage: readonly Candidate[];
  /** Of answers that a request can wait for. */
  ofAnswers: readonly Candidate[];
}

/** `thin`: what fits may do so by chance. */
export type Explained = { kind: 'text'; text: TextTemplate } | { kind: 'thin' } | { kind: 'unexplained' };

const MARGIN_BITS = 10;
const BITS_A_DIGIT = Math.log2(10);
const BITS_A_LETTER = 4;
/** A value says no more than this, however long it is: half of a slug may be the site's name. */
const MOST_BITS = 24;
const MOST_EXPLANATIONS = 12;

/** Of values that stand at the same place on every page. `names`: answers, parsed on every page. */
export function candidatesOf(pages: readonly SourcePage[], names: readonly string[]): Candidates {
  const [first] = pages;
  if (first === undefined) return { ofPage: [], ofAnswers: [] };
  const all = sourcesOf(first, names).flatMap((source) => {
    const values = everyOne(pages, (page) => valueAt(source, page));
    if (values === undefined) return [];
    return SLICES.flatMap((slice): Candidate[] => {
      const parts = everyOne(values, (value) => sliceOf(value, slice));
      return parts === undefined ? [] : [{ source, slice, values: parts }];
    });
  });
  return {
    ofPage: all.filter(({ source }) => source.of !== 'answer'),
    ofAnswers: all.filter(({ source }) => source.of === 'answer'),
  };
}

/** `texts`: by page. `codes`: as values may be written there. */
export function explain(
  texts: readonly string[],
  candidates: Candidates,
  codes: readonly Code[] = CODES,
): Explained {
  const whole = explainWhole(texts, candidates, codes);
  return whole.kind === 'unexplained' ? explainParts(texts, candidates, codes) : whole;
}

function explainWhole(texts: readonly string[], candidates: Candidates, codes: readonly Code[]): Explained {
  const { ofPage, ofAnswers } = candidates;
  const [text = ''] = texts;
  if (texts.every((other) => other === text)) {
    const same = [...ofPage, ...ofAnswers.filter(() => text.length > 1)].flatMap((candidate) =>
      candidate.slice === 'whole' ? (explanationBy(texts, candidate, codes, WHOLE) ?? []) : [],
    );
    return chosen([{ kind: 'constant', text }, ...same], candidates, codes);
  }
  const around = surroundingsOf(texts);
  let isThin = false;
  for (const tried of [ofPage, ofAnswers]) {
    const needed = Math.log2(Math.max(1, tried.length)) + MARGIN_BITS;
    const fitting = tried.flatMap((candidate) => {
      const explanation = explanationBy(texts, candidate, codes, around);
      return explanation === undefined ? [] : [{ explanation, bits: bitsOf(candidate.values) }];
    });
    const telling = fitting.filter(({ bits }) => bits >= needed);
    if (telling.length > 0)
      return chosen(
        telling.map(({ explanation }) => explanation),
        candidates,
        codes,
      );
    isThin ||= fitting.length > 0;
  }
  return { kind: isThin ? 'thin' : 'unexplained' };
}

function chosen(explanations: Explanation[], candidates: Candidates, codes: readonly Code[]): Explained {
  const kept = explanations.slice(0, MOST_EXPLANATIONS);
  return { kind: 'text', text: { one: [...kept, ...heldIn(kept, candidates, codes)] } };
}

/** Values that were the same on every page, and stand in what is the same in every text. */
function heldIn(
  explanations: readonly Explanation[],
  { ofPage, ofAnswers }: Candidates,
  codes: readonly Code[],
): Held[] {
  const fixed = [...new Set(explanations.flatMap(fixedTextsOf))].filter((text) => text !== '');
  if (fixed.length === 0) return [];
  const held = [...ofPage, ...ofAnswers].flatMap(({ source, slice, values }): Held[] => {
    const [text = ''] = values;
    const isAlike = slice === 'whole' && values.every((value) => value === text);
    if (!isAlike || (source.of === 'answer' && text.length < 2)) return [];
    const isThere = codes.some((code) => {
      const part = written(text, code) ?? '';
      return part !== '' && fixed.some((one) => one !== part && stands(part, one));
    });
    return isThere ? [{ kind: 'held', source, text }] : [];
  });
  return held.slice(0, MOST_EXPLANATIONS);
}

function fixedTextsOf(explanation: Explanation): string[] {
  if (explanation.kind === 'constant') return [explanation.text];
  return explanation.kind === 'hole' ? [explanation.before, explanation.after] : [];
}

/** As a word of it, or several. */
function stands(part: string, text: string): boolean {
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1))
    if (isAnchored(text.slice(0, at), [part], text.slice(at + part.length))) return true;
  return false;
}

/** Of several values, with what is no letter and no digit between them. */
function explainParts(texts: readonly string[], candidates: Candidates, codes: readonly Code[]): Explained {
  const pieces = texts.map((text) => text.split(/([^A-Za-z0-9]+)/));
  const count = pieces[0]?.length ?? 0;
  if (count < 3 || pieces.some(({ length }) => length !== count)) return { kind: 'unexplained' };
  const parts: (readonly Explanation[])[] = [];
  for (let at = 0; at < count; at += 1) {
    const explained = explainWhole(
      pieces.map((piece) => piece[at] ?? ''),
      candidates,
      codes,
    );
    if (explained.kind !== 'text') return explained;
    if ('one' in explained.text) parts.push(explained.text.one);
  }
  return { kind: 'text', text: { parts } };
}

/** How much of the beginning and of the end is the same on every page. */
interface Surroundings {
  before: number;
  after: number;
}

/** A hole that takes all of it. */
const WHOLE: Surroundings = { before: 0, after: 0 };

function surroundingsOf(texts: readonly string[]): Surroundings {
  const [first = ''] = texts;
  const shortest = Math.min(...texts.map(({ length }) => length));
  let before = 0;
  while (before < shortest && texts.every((text) => text[before] === first[before])) before += 1;
  let after = 0;
  while (after < shortest && texts.every((text) => text.at(-1 - after) === first.at(-1 - after))) after += 1;
  return { before, after };
}

function explanationBy(
  texts: readonly string[],
  { source, slice, values }: Candidate,
  codes: readonly Code[],
  around: Surroundings,
): Explanation | undefined {
  for (const code of codes) {
    const parts = everyOne(values, (value) => written(value, code));
    const [text = '', part = ''] = [texts[0], parts?.[0]];
    if (parts === undefined || part === '') continue;
    for (let at = text.indexOf(part); at !== -1 && at <= around.before; at = text.indexOf(part, at + 1)) {
      if (text.length - at - part.length > around.after) continue;
      const before = text.slice(0, at);
      const after = text.slice(at + part.length);
      const fits = texts.every((other, page) => other === `${before}${parts[page]}${after}`);
      if (fits && isAnchored(before, parts, after))
        return { kind: 'hole', before, source, slice, code, after };
    }
  }
  return undefined;
}

function isAnchored(before: string, parts: readonly string[], after: string): boolean {
  const left = /%[0-9A-F]{2}$/i.test(before) ? '' : before; // what is written so is a sign
  return parts.every(
    (part) => !isWithin(left.at(-1) ?? '', part[0] ?? '') && !isWithin(part.at(-1) ?? '', after[0] ?? ''),
  );
}

/** Between two letters, or two digits. */
function isWithin(left: string, right: string): boolean {
  return /\d\d|\p{L}\p{L}/u.test(left + right);
}

/** What the values say, in bits. */
export function bitsOf(values: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((sum, [value, count]) => {
    const again = (count - 1) * Math.log2(values.length / count);
    return sum + Math.min(MOST_BITS, bitsOfOne(value)) + again;
  }, 0);
}

function bitsOfOne(value: string): number {
  return [...value].reduce((sum, sign) => sum + (/\d/.test(sign) ? BITS_A_DIGIT : BITS_A_LETTER), 0);
}

/** Undefined as soon as one has none. */
export function everyOne<From, To>(
  all: readonly From[],
  of: (one: From) => To | undefined,
): To[] | undefined {
  const found: To[] = [];
  for (const one of all) {
    const to = of(one);
    if (to === undefined) return undefined;
    found.push(to);
  }
  return found;
}
