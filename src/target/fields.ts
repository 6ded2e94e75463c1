/** `fields`: rows and links of a page, read in one round trip. */
import { ThreshError } from '../errors.js';
import type { FieldSpec, FieldsSpec } from './definition.js';
import { type FieldReading, fieldReading } from './field-spec.js';
import { createPageReader } from './in-page-reader.js';

export interface PageFields {
  /** One a row's element; one for the whole page without `rows`; none when `fields` is empty. */
  rows: unknown[];
  /** Absolute http(s) URLs, each once. */
  follow: { url: string; label?: string }[];
}

/** Of one page, as JSON: what comes in one answer is parsed in one go, and would fill this process's memory. */
const MOST_CHARACTERS = 16_000_000;

interface PageFieldsRequest {
  mostCharacters: number;
  rows: string | null;
  fields: Record<string, FieldReading>;
  follow: { select: string; label: string | null }[];
}

/** A spec as what is sent to a page, and what makes rows of the answer. */
export interface FieldsQuery {
  /** Its value is for `parse`. */
  expression: string;
  /**
   * Dates become Date objects; what is not on the page is undefined.
   * @throws ThreshError EXTRACT_FAILED, `never`, when the browser cannot parse a selector or the page holds too much.
   */
  parse(answer: unknown): PageFields;
}

/** The same for every page of a target. */
const queries = new WeakMap<FieldsSpec, FieldsQuery>();

export function fieldsQuery(spec: FieldsSpec): FieldsQuery {
  const query = queries.get(spec) ?? newQuery(spec);
  queries.set(spec, query);
  return query;
}

function newQuery(spec: FieldsSpec): FieldsQuery {
  const fields = fieldReadings(spec.fields);
  const request: PageFieldsRequest = {
    mostCharacters: MOST_CHARACTERS,
    rows: spec.rows ?? null,
    fields,
    follow: (spec.follow ?? []).map(({ select, label }) => ({ select, label: label ?? null })),
  };
  return {
    expression: `(${String(readInPage)})((${String(createPageReader)})(), ${JSON.stringify(request)})`,
    parse(answer) {
      const read = answer as ReturnType<typeof readInPage>;
      if (read.unparsable.length > 0) throw unparsable(read.unparsable);
      if (read.isTooMuch) throw tooMuch();
      return {
        rows: read.rows.map((row) => reviveDates(row, fields)),
        follow: read.follow.map(({ url, label }) => (label === null ? { url } : { url, label })),
      };
    },
  };
}

/** The long form of every field. */
export function fieldReadings(fields: Record<string, string | FieldSpec>): Record<string, FieldReading> {
  return Object.fromEntries(Object.entries(fields).map(([name, spec]) => [name, fieldReading(spec)]));
}

/** ISO text of date fields as Date objects; other text stays for the schema to refuse. */
export function reviveDates(
  row: Record<string, unknown>,
  fields: Record<string, FieldReading>,
): Record<string, unknown> {
  for (const [name, { as }] of Object.entries(fields)) {
    if (as !== 'date') continue;
    const value = row[name];
    row[name] = Array.isArray(value) ? value.map(reviveDate) : reviveDate(value);
  }
  return row;
}

function reviveDate(value: unknown): unknown {
  return typeof value === 'string' && /^[+-]?\d{4,6}-\d\d-\d\dT[\d:.]+Z$/.test(value)
    ? new Date(value)
    : value;
}

export function unparsable(selectors: readonly string[]): ThreshError {
  return new ThreshError(
    `the browser cannot parse the selector ${selectors.map((one) => `"${one}"`).join(', ')}`,
    {
      code: 'EXTRACT_FAILED',
      scope: 'page',
      mend: 'use plain CSS selectors',
    },
  );
}

function tooMuch(): ThreshError {
  return new ThreshError(
    `the fields of the page hold more than ${MOST_CHARACTERS / 1e6} million characters`,
    {
      code: 'EXTRACT_FAILED',
      scope: 'page',
      mend: 'select smaller elements; or read the page by `extract`, part by part, as an async generator',
    },
  );
}

/** Runs in the page, sent as its source: refers to nothing outside itself. */
function readInPage(reader: ReturnType<typeof createPageReader>, request: PageFieldsRequest) {
  const selectors = [
    ...(request.rows === null ? [] : [request.rows]),
    ...Object.values(request.fields).flatMap(({ selector }) => (selector === '' ? [] : [selector])),
    ...request.follow.map(({ select }) => select),
  ];
  const unparsable = reader.unparsable(selectors);
  const rows: Record<string, unknown>[] = [];
  const follow: { url: string; label: string | null }[] = [];
  let characters = 0;
  /** JSON is the form in which it travels. */
  const isTooMuch = (value: unknown): boolean => {
    characters += (JSON.stringify(value) ?? '').length;
    return characters > request.mostCharacters;
  };
  if (unparsable.length > 0) return { unparsable, rows, follow, isTooMuch: false };
  if (Object.keys(request.fields).length > 0) {
    const roots = request.rows === null ? [document] : [...document.querySelectorAll(request.rows)];
    for (const root of roots) {
      const row = reader.record(root, request.fields);
      if (isTooMuch(row)) return { unparsable, rows: [], follow: [], isTooMuch: true };
      rows.push(row);
    }
  }
  const seen = new Set<string>();
  for (const { select, label } of request.follow) {
    for (const element of document.querySelectorAll(select)) {
      const url = reader.field(element, { selector: '', attribute: 'href', as: 'url', all: false });
      if (typeof url !== 'string' || !/^https?:/.test(url) || seen.has(url)) continue;
      if (isTooMuch(url)) return { unparsable, rows: [], follow: [], isTooMuch: true };
      seen.add(url);
      follow.push({ url, label });
    }
  }
  return { unparsable, rows, follow, isTooMuch: false };
}
