/** What a target's `data` names: JSON answers that a page asks for, and JSON that stands in its document. */
import type { ByLabel } from './definition.js';

/**
 * JSON of which nothing is known beforehand: every property may be asked for, and every list walked. What it really is,
 * the schema says of the row. A type of one's own is had by `extract({ data }: ExtractContext<{ product: Product }>)`.
 */
export type JsonData = readonly JsonData[] & { readonly [key: string]: JsonData };

/** The page's data by the names that the target gives it. */
export type PageData = { readonly [name: string]: JsonData };

/** An answer to a request of the page. */
export interface AnswerSource {
  /** Found in the URL that was asked, or in the one that it redirects to. */
  answer: RegExp;
  /** Default: any. */
  method?: string;
  /** Name of a GraphQL operation. What is given is what the answer has under `data`. */
  graphql?: string;
  /** Every answer that matches, as a list in the order in which they were asked. Default false: the first good one. */
  all?: boolean;
  /** The page is whole without it: it is then undefined. Default false. */
  optional?: boolean;
}

/** JSON within script elements of the document. */
export interface EmbeddedSource {
  /**
   * `json-ld`: a list of all items, graphs taken apart. `__NEXT_DATA__`, `__NUXT__`: the state that the framework hands
   * over. Else a selector of script elements with JSON: tag, id, classes, attributes; e.g. `script[data-state]`.
   */
  embedded: 'json-ld' | '__NEXT_DATA__' | '__NUXT__' | (string & {});
  /** Every script that the selector finds, as a list. Default false: the first. */
  all?: boolean;
  /** The page is whole without it: it is then undefined. Default false. */
  optional?: boolean;
}

/** A RegExp alone is `{ answer: … }`. */
export type DataSource = RegExp | AnswerSource | EmbeddedSource;
export type DataSources = { [name: string]: DataSource };

/** A source with its name and every default filled in. */
export type NamedSource = { name: string; all: boolean; optional: boolean } & (
  | { kind: 'answer'; answer: RegExp; method: string | undefined; graphql: string | undefined }
  | { kind: 'embedded'; embedded: string }
);

/** The options of a source: no name of data may be one of them, so that one source is told from several. */
export const SOURCE_OPTIONS = ['answer', 'embedded', 'method', 'graphql', 'all', 'optional'] as const;

/** Whether this is one source, rather than sources by name. */
export function isDataSource(value: unknown): value is DataSource {
  if (value instanceof RegExp) return true;
  return typeof value === 'object' && value !== null && ('answer' in value || 'embedded' in value);
}

/** The data of pages with this label; empty where the target names none for them. */
export function dataSourcesOf(
  data: DataSources | ByLabel<DataSources> | undefined,
  label: string | undefined,
): NamedSource[] {
  if (data === undefined) return [];
  const isForAll = Object.values(data).some(isDataSource);
  const sources = isForAll ? data : label !== undefined && Object.hasOwn(data, label) ? data[label] : {};
  return Object.entries(sources as DataSources).map(([name, source]) => namedSource(name, source));
}

function namedSource(name: string, source: DataSource): NamedSource {
  const given = source instanceof RegExp ? { answer: source } : source;
  const shared = { name, all: given.all ?? false, optional: given.optional ?? false };
  if ('embedded' in given) return { ...shared, kind: 'embedded', embedded: given.embedded };
  const { answer, method, graphql } = given;
  return { ...shared, kind: 'answer', answer: stateless(answer), method: method?.toUpperCase(), graphql };
}

/** With `g` or `y` a RegExp goes on from where it last found something. */
function stateless(pattern: RegExp): RegExp {
  return pattern.global || pattern.sticky
    ? new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
    : pattern;
}
