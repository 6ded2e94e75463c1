/**
 * How a page's data requests follow from the page: plain JSON, so that the next night finds it. Every text of a request
 * is a constant, or is made of values that the page or its earlier answers have. Where several explanations fit all that
 * was seen they are all kept: while they agree it does not matter which is the true one, and where they differ nothing
 * is asked. Origin and method are constants, so that no value of a page ever leads to another host.
 */

/** Of the form in which templates are kept: others are not read. */
export const TEMPLATE_VERSION = 2;

/** Where a value stands. */
export type Source =
  | { of: 'path'; at: number }
  | { of: 'query'; name: string }
  | { of: 'label' }
  | { of: 'data'; path: JsonPath }
  | { of: 'answer'; name: string; path: JsonPath };

export type JsonPath = readonly (string | number)[];

/**
 * What of a value is used. `stem`: without its extension; `last`, `first`: after the last, before the first `-`;
 * `digits`: its last run of digits.
 */
export type Slice = 'whole' | 'stem' | 'last' | 'stem-last' | 'first' | 'digits' | 'lower' | 'upper';

/**
 * How it is written: as it is, by encodeURIComponent, by that and then as an address has it in its query, as a form has it,
 * as an address has it in its path.
 */
export type Code = 'plain' | 'component' | 'query' | 'form' | 'path';

export type Explanation =
  | { kind: 'constant'; text: string }
  | { kind: 'hole'; before: string; source: Source; slice: Slice; code: Code; after: string }
  | Held;

/**
 * What beside a hole, or within a constant, says the same as a value that every page had alike: it may be that value. Where
 * a page has another one nothing is asked.
 */
export interface Held {
  kind: 'held';
  source: Source;
  text: string;
}

/** All that fit; at least one. `parts`, joined, when it takes more than one value. */
export type TextTemplate = { one: readonly Explanation[] } | { parts: readonly (readonly Explanation[])[] };

export type JsonTemplate =
  | { kind: 'fixed'; value: string | number | boolean | null }
  | { kind: 'text'; as: 'string' | 'number'; text: TextTemplate }
  | { kind: 'list'; items: readonly JsonTemplate[] }
  | { kind: 'object'; fields: readonly (readonly [name: string, value: JsonTemplate])[] };

export type QueryValue =
  | { kind: 'text'; text: TextTemplate }
  /** JSON within the address, as GraphQL has it. */
  | { kind: 'json'; json: JsonTemplate; code: Code }
  /** It is another one on each page, and nothing says which: left out, where the answer shows that it does not matter. */
  | { kind: 'left-out' };

/** A parameter, by its name as it is written. `bare`: without `=`. */
export interface QueryTemplate {
  name: string;
  bare: boolean;
  value: QueryValue;
}

export type BodyTemplate =
  | { kind: 'json'; json: JsonTemplate }
  | { kind: 'form'; query: readonly QueryTemplate[] }
  | { kind: 'fixed'; text: string };

/** `session`: what the latest rendered page of the session sent. Values of it are never kept on disk. */
export type HeaderTemplate = { name: string } & (
  | { kind: 'session' }
  | { kind: 'text'; text: TextTemplate }
  | { kind: 'left-out' }
);

export interface RequestTemplate {
  /** The answer's name in the target's `data`. */
  name: string;
  method: 'GET' | 'POST';
  origin: string;
  /** Segments of the path. */
  path: readonly TextTemplate[];
  /** Undefined: no `?`. */
  query: readonly QueryTemplate[] | undefined;
  body: BodyTemplate | undefined;
  /** Those that the application adds; the browser's own are the session's. */
  headers: readonly HeaderTemplate[];
  /** Names of answers that it takes values of. */
  needs: readonly string[];
}

/** Of the pages of one label: each request after those whose answers it takes values of. */
export type PageTemplate = readonly RequestTemplate[];

/** What a request carries that was left out of the template, in words: to be shown not to matter. */
export function leftOut(template: PageTemplate): string[] {
  return template.flatMap(({ name, query = [], body, headers }) => [
    ...[...query, ...(body?.kind === 'form' ? body.query : [])]
      .filter(({ value }) => value.kind === 'left-out')
      .map((parameter) => `parameter ${parameter.name} of ${name}`),
    ...headers.filter(({ kind }) => kind === 'left-out').map((header) => `header ${header.name} of ${name}`),
  ]);
}
