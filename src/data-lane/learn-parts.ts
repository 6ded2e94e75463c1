/** Explains the parts of a request: a list of texts, parameters, JSON. What cannot be explained is thrown as `Unlearned`. */
import { type Candidates, everyOne, explain } from './explain.js';
import { type Parameter, parametersOf } from './request-shape.js';
import { CODES, QUERY_CODES, written } from './slices.js';
import type {
  BodyTemplate,
  Code,
  JsonTemplate,
  QueryTemplate,
  QueryValue,
  TextTemplate,
} from './template.js';

/** Why there is no template. `more`: further pages may help. */
export class Unlearned extends Error {
  constructor(
    readonly kind: 'more' | 'never',
    why: string,
  ) {
    super(why);
  }
}

/** Where a text stands, to be said when it is not understood. */
export interface Place {
  candidates: Candidates;
  /** As `the path of product`. */
  what: string;
  /** What nothing explains and is another one on each page is left out. */
  mayLeaveOut: boolean;
}

/** Throws Unlearned. */
export function learnText(texts: readonly string[], place: Place, codes?: readonly Code[]): TextTemplate {
  const explained = explain(texts, place.candidates, codes);
  if (explained.kind === 'text') return explained.text;
  const seen = examplesOf(texts);
  if (explained.kind === 'thin')
    throw new Unlearned('more', `${place.what} (${seen}) says too little to be sure of where it comes from`);
  throw new Unlearned(
    'never',
    `${place.what} (${seen}) is nothing that the page's address, label, data or earlier answers hold`,
  );
}

/** Throws Unlearned. `codes`: as values may be written there; by default as in the query of an address. */
export function learnQuery(
  queries: readonly (readonly Parameter[])[],
  place: Place,
  codes = QUERY_CODES,
): QueryTemplate[] {
  const names = new Set(queries.map((query) => JSON.stringify(query.map(({ name, bare }) => [name, bare]))));
  if (names.size > 1) throw new Unlearned('never', `${place.what} has not the same parameters on every page`);
  return (queries[0] ?? []).map(({ name, bare }, at): QueryTemplate => {
    const texts = queries.map((query) => query[at]?.value ?? '');
    return {
      name,
      bare,
      value: learnValue(texts, { ...place, what: `parameter ${name} of ${place.what}` }, codes),
    };
  });
}

function learnValue(texts: readonly string[], place: Place, codes: readonly Code[]): QueryValue {
  const explained = explain(texts, place.candidates, codes);
  if (explained.kind === 'text') return { kind: 'text', text: explained.text };
  const json = learnWrittenJson(texts, place, codes);
  if (json !== undefined) return json;
  const isEver = new Set(texts).size === texts.length;
  if (place.mayLeaveOut && explained.kind === 'unexplained' && isEver) return { kind: 'left-out' };
  return { kind: 'text', text: learnText(texts, place, codes) };
}

function learnWrittenJson(
  texts: readonly string[],
  place: Place,
  codes: readonly Code[],
): QueryValue | undefined {
  for (const code of codes) {
    const values = everyOne(texts, (text) => jsonWithin(text, code));
    if (values !== undefined) return { kind: 'json', json: learnJson(values, place), code };
  }
  return undefined;
}

function jsonWithin(text: string, code: Code): object | undefined {
  try {
    const plain =
      code === 'plain' ? text : decodeURIComponent(code === 'form' ? text.replaceAll('+', ' ') : text);
    const value: unknown = JSON.parse(plain);
    const isSame = written(JSON.stringify(value), code) === text;
    return isSame && typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Throws Unlearned. */
export function learnBody(
  bodies: readonly (string | undefined)[],
  isForm: boolean,
  place: Place,
): BodyTemplate | undefined {
  if (bodies.every((body) => body === undefined)) return undefined;
  const texts = everyOne(bodies, (body) => body);
  if (texts === undefined) throw new Unlearned('never', `${place.what} is there on some pages only`);
  const [text = ''] = texts;
  if (texts.every((other) => other === text) && text === '') return { kind: 'fixed', text };
  if (isForm) return { kind: 'form', query: learnQuery(texts.map(parametersOf), place, CODES) };
  const values = everyOne(texts, (one) => jsonWithin(one, 'plain'));
  if (values !== undefined) return { kind: 'json', json: learnJson(values, place) };
  if (texts.every((other) => other === text)) return { kind: 'fixed', text };
  throw new Unlearned('never', `${place.what} is neither a form nor JSON as it is written by JSON.stringify`);
}

/** Throws Unlearned. `values`: of the same shape, by page. */
export function learnJson(values: readonly unknown[], place: Place): JsonTemplate {
  const [first] = values;
  if (Array.isArray(first)) {
    const lists = everyOne(values, (value) =>
      Array.isArray(value) && value.length === first.length ? (value as unknown[]) : undefined,
    );
    if (lists === undefined) throw otherShape(place);
    const items = first.map((_, at) =>
      learnJson(
        lists.map((list) => list[at]),
        within(place, at),
      ),
    );
    return { kind: 'list', items };
  }
  if (typeof first === 'object' && first !== null) {
    const names = Object.keys(first);
    const records = everyOne(values, (value) => recordWith(names, value));
    if (records === undefined) throw otherShape(place);
    return {
      kind: 'object',
      fields: names.map((name) => {
        const column = records.map((record) => record[name]);
        return [name, learnJson(column, within(place, name))] as const;
      }),
    };
  }
  return learnLeaf(values, place);
}

function learnLeaf(values: readonly unknown[], place: Place): JsonTemplate {
  const [first] = values;
  const strings = everyOne(values, (value) => (typeof value === 'string' ? value : undefined));
  if (strings !== undefined)
    return { kind: 'text', as: 'string', text: learnText(strings, place, ['plain']) };
  const numbers = everyOne(values, (value) => (typeof value === 'number' ? String(value) : undefined));
  if (numbers !== undefined)
    return { kind: 'text', as: 'number', text: learnText(numbers, place, ['plain']) };
  if (values.some((value) => value !== first)) throw otherShape(place);
  if (first === null || typeof first === 'boolean') return { kind: 'fixed', value: first };
  throw otherShape(place);
}

/** In the same order: the text is to be the same. */
function recordWith(names: readonly string[], value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const own = Object.keys(value);
  const isSame = own.length === names.length && own.every((name, at) => name === names[at]);
  return isSame ? (value as Record<string, unknown>) : undefined;
}

const within = (place: Place, step: string | number): Place => ({
  ...place,
  what: `${place.what}, at ${step}`,
});

function otherShape({ what }: Place): Unlearned {
  return new Unlearned('never', `${what} has not the same shape on every page`);
}

const MOST_SHOWN = 60;

function examplesOf(texts: readonly string[]): string {
  const shown = [...new Set(texts)].slice(0, 3).join(', ');
  return shown.length > MOST_SHOWN ? `${shown.slice(0, MOST_SHOWN)}…` : shown;
}
