/** JSON that stands in script elements of a document: which elements, the text of an answer made of them, its value. */
import type { NamedSource } from '../target/data-source.js';
import { parseScriptSelector } from '../target/script-selector.js';
import type { CapturedAnswer } from './captured.js';
import { type ScriptElement, scriptsOf } from './html-scripts.js';
import { parseJson } from './json.js';
import { readNuxtPayload } from './nuxt-payload.js';

export type EmbeddedJson = Extract<NamedSource, { kind: 'embedded' }>;

const SELECTORS: Record<string, string> = {
  'json-ld': 'script[type="application/ld+json" i]',
  __NEXT_DATA__: 'script#__NEXT_DATA__',
  __NUXT__: 'script#__NUXT_DATA__',
};
const NUXT_2 = 'window.__NUXT__=';
const MAX_ITEMS = 10_000;

/** Those of a target's sources that stand in a page's document. */
export function embeddedOf(sources: readonly NamedSource[]): EmbeddedJson[] {
  return sources.filter((source): source is EmbeddedJson => source.kind === 'embedded');
}

/** CSS, for a page. */
export function selectorOf({ embedded }: EmbeddedJson): string {
  return Object.hasOwn(SELECTORS, embedded) ? (SELECTORS[embedded] ?? embedded) : embedded;
}

/**
 * One JSON text of what these scripts hold, as it stands in a captured answer; undefined where none holds any. What is
 * a list by its nature, or by `all`, is made of those that are JSON.
 */
export function embeddedText(source: EmbeddedJson, scripts: Iterable<string>): string | undefined {
  const texts: string[] = [];
  for (const script of scripts) {
    const text = script.trim();
    if (text === '' || !isJson(text)) continue;
    if (!isList(source)) return text;
    texts.push(text);
  }
  return texts.length === 0 ? undefined : `[${texts.join(',')}]`;
}

/** That text as an answer to the request for the page: it is kept, and read, as other answers are. */
export function embeddedAnswer({ name }: EmbeddedJson, text: string, url: string): CapturedAnswer {
  const request = { method: 'GET', url, headers: {}, body: undefined };
  return { name, request, status: 200, contentType: 'application/json', text };
}

/**
 * What of these sources stands in a page's document as it came over the wire. Of Nuxt 2 only a state that is JSON and no
 * program.
 */
export function answersInHtml(sources: readonly EmbeddedJson[], html: string, url: string): CapturedAnswer[] {
  const scripts = [...scriptsOf(html)];
  return sources.flatMap((source) => {
    const text = embeddedText(source, textsFor(source, scripts));
    return text === undefined ? [] : [embeddedAnswer(source, text, url)];
  });
}

function textsFor(source: EmbeddedJson, scripts: readonly ScriptElement[]): string[] {
  const selector = parseScriptSelector(selectorOf(source));
  const found: string[] = [];
  for (const { attributes, text } of scripts) {
    if (selector?.matches(attributes) === true) found.push(text);
    else if (source.embedded === '__NUXT__') {
      const script = text.trim();
      if (script.startsWith(NUXT_2)) found.push(script.slice(NUXT_2.length).replace(/;$/, ''));
    }
  }
  return found;
}

/** What `extract` is given of that text. Throws SyntaxError for what is no JSON. */
export function embeddedValue(source: EmbeddedJson, text: string): unknown {
  const value = parseJson(text);
  if (source.embedded === 'json-ld') return ldItems(value);
  if (source.embedded !== '__NUXT__') return value;
  const states = source.all && Array.isArray(value) ? value : [value];
  const read = states.map((state) => (Array.isArray(state) ? readNuxtPayload(state) : state));
  return source.all ? read : read[0];
}

function isList({ embedded, all }: EmbeddedJson): boolean {
  return all || embedded === 'json-ld';
}

/** Those of lists and of graphs, in order. */
function ldItems(value: unknown): unknown[] {
  const items: unknown[] = [];
  const open: unknown[] = [value];
  for (let one = open.pop(); one !== undefined && items.length < MAX_ITEMS; one = open.pop()) {
    if (Array.isArray(one)) open.push(...one.slice(0, MAX_ITEMS).reverse());
    else if (typeof one === 'object' && one !== null) {
      const graph: unknown = Object.hasOwn(one, '@graph')
        ? (one as { '@graph': unknown })['@graph']
        : undefined;
      if (Array.isArray(graph)) open.push(graph);
      else items.push(one);
    }
  }
  return items;
}

function isJson(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}
