/** The values of a page that its requests may be made of. */
import { decoded } from './slices.js';
import type { JsonPath, Source } from './template.js';

/** A page as far as it has answers: parsed, by name. */
export interface SourcePage {
  url: string;
  label?: string | undefined;
  data?: unknown;
  answers: ReadonlyMap<string, unknown>;
}

/** Lists are looked into this far: what stands further on is seldom what a page is about. */
const MOST_ITEMS = 3;
const MOST_DEPTH = 8;
/** Of one answer. */
const MOST_LEAVES = 2_000;

/** Places that the page has a value at, the likelier first; of its answers those in `names`. */
export function sourcesOf(page: SourcePage, names: readonly string[]): Source[] {
  const { pathname, searchParams } = new URL(page.url);
  return [
    ...segmentsOf(pathname).map((_, at): Source => ({ of: 'path', at })),
    ...[...new Set(searchParams.keys())].map((name): Source => ({ of: 'query', name })),
    ...leavesOf(page.data).map((path): Source => ({ of: 'data', path })),
    ...(page.label === undefined ? [] : [{ of: 'label' } as const]),
    ...names.flatMap((name) =>
      leavesOf(page.answers.get(name)).map((path): Source => ({ of: 'answer', name, path })),
    ),
  ];
}

/** Undefined: the page has none there. */
export function valueAt(source: Source, page: SourcePage): string | undefined {
  switch (source.of) {
    case 'path': {
      const segment = segmentsOf(new URL(page.url).pathname)[source.at];
      return segment === undefined ? undefined : decoded(segment);
    }
    case 'query':
      return new URL(page.url).searchParams.get(source.name) ?? undefined;
    case 'label':
      return page.label;
    case 'data':
      return leafAt(page.data, source.path);
    case 'answer':
      return leafAt(page.answers.get(source.name), source.path);
  }
}

/** As a person would say it. */
export function sourceInWords(source: Source): string {
  switch (source.of) {
    case 'path':
      return `segment ${source.at + 1} of the page's path`;
    case 'query':
      return `the page's parameter ${source.name}`;
    case 'label':
      return "the page's label";
    case 'data':
      return `the page's data${dotted(source.path)}`;
    case 'answer':
      return `${source.name}${dotted(source.path)}`;
  }
}

function dotted(path: JsonPath): string {
  return path.map((step) => `.${step}`).join('');
}

/** Without the empty one before the first `/`. */
function segmentsOf(pathname: string): string[] {
  return pathname.split('/').slice(1);
}

function leafAt(value: unknown, path: JsonPath): string | undefined {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return textOf(at);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** Breadth first: what stands near the top is likelier. */
function leavesOf(value: unknown): JsonPath[] {
  const leaves: JsonPath[] = [];
  let level: { path: JsonPath; value: unknown }[] = [{ path: [], value }];
  for (let depth = 0; depth <= MOST_DEPTH && level.length > 0; depth += 1) {
    const below: typeof level = [];
    for (const { path, value: here } of level) {
      if (leaves.length + below.length >= MOST_LEAVES) return leaves;
      if (textOf(here) !== undefined) leaves.push(path);
      else if (Array.isArray(here))
        below.push(...here.slice(0, MOST_ITEMS).map((item, at) => ({ path: [...path, at], value: item })));
      else if (typeof here === 'object' && here !== null)
        below.push(...Object.entries(here).map(([name, item]) => ({ path: [...path, name], value: item })));
    }
    level = below;
  }
  return leaves;
}
