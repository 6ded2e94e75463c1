/**
 * Makes a page's requests by a template. Where the explanations of a text do not agree on this page, or one of them finds
 * no value, nothing is made: the page is to be rendered, and shows which is the true one.
 */
import type { LearnPage } from './learn.js';
import { sourcePageOf } from './learn.js';
import { ownHeaders } from './own-headers.js';
import { shapeOf, writtenParameters, writtenUrl } from './request-shape.js';
import { sliceOf, written } from './slices.js';
import { type SourcePage, sourceInWords, valueAt } from './sources.js';
import type {
  BodyTemplate,
  Explanation,
  Held,
  JsonTemplate,
  PageTemplate,
  QueryTemplate,
  RequestTemplate,
  TextTemplate,
} from './template.js';

export interface PredictedRequest {
  method: 'GET' | 'POST';
  url: string;
  /** Of the application's own, those that are made of the page. */
  headers: Record<string, string>;
  body: string | undefined;
}

/** Why a page's request is not known. */
export class Doubtful extends Error {}

/** Throws Doubtful. The answers that the template `needs` are to be there. */
export function predict(template: RequestTemplate, page: SourcePage): PredictedRequest {
  const { method, origin, path, query, body, headers } = template;
  const url = writtenUrl({
    origin,
    path: path.map((text) => segmentFor(text, page)),
    query: query === undefined ? undefined : parametersFor(query, page),
  });
  // What was learned of a page never leads elsewhere, whatever its values are (`..`, `//host`).
  if (!isItself(url, template)) throw new Doubtful(`${template.name} would be asked for at another address`);
  return {
    method,
    url,
    headers: Object.fromEntries(
      headers.flatMap((header) =>
        header.kind === 'text' ? [[header.name, textFor(header.text, page)]] : [],
      ),
    ),
    body: body === undefined ? undefined : bodyFor(body, page),
  };
}

/** What of a page as it was rendered is not as the template has it, in words; undefined: all is. */
export function contradiction(template: PageTemplate, page: Omit<LearnPage, 'session'>): string | undefined {
  const source = sourcePageOf(page);
  const unknown = page.answers.find(({ name }) => !template.some((request) => request.name === name));
  if (unknown !== undefined) return `${unknown.name} was asked for as well`;
  for (const request of template) {
    const captured = page.answers.filter(({ name }) => name === request.name);
    const [answer] = captured;
    if (answer === undefined || captured.length > 1) return `${request.name} came ${captured.length} times`;
    try {
      const made = predict(request, source);
      const said = differenceOf(request, made, answer.request);
      if (said !== undefined) return said;
    } catch (error) {
      if (error instanceof Doubtful) return error.message;
      throw error;
    }
  }
  return undefined;
}

function differenceOf(
  template: RequestTemplate,
  made: PredictedRequest,
  {
    method,
    url,
    headers,
    body,
  }: { method: string; url: string; headers: Record<string, string>; body: string | undefined },
): string | undefined {
  const { name } = template;
  if (made.method !== method.toUpperCase()) return `${name} was asked for by ${method}`;
  const address = withoutLeftOut(url, template);
  if (made.url !== address) return `${name} was asked for at ${address} instead of ${made.url}`;
  if (made.body !== bodyWithoutLeftOut(body, template)) return `${name} was asked for with another body`;
  const own = ownHeaders(headers);
  const other = Object.entries(made.headers).find(([header, value]) => own[header] !== value);
  return other === undefined ? undefined : `${name} was asked for with another ${other[0]}`;
}

function withoutLeftOut(url: string, { query }: RequestTemplate): string {
  const shape = shapeOf(url);
  const out = leftOutNames(query);
  return writtenUrl({ ...shape, query: shape.query?.filter(({ name }) => !out.has(name)) });
}

function bodyWithoutLeftOut(
  body: string | undefined,
  { body: template }: RequestTemplate,
): string | undefined {
  if (template?.kind !== 'form' || body === undefined) return body;
  const out = leftOutNames(template.query);
  return body
    .split('&')
    .filter((pair) => !out.has(pair.split('=')[0] ?? ''))
    .join('&');
}

function leftOutNames(query: readonly QueryTemplate[] = []): Set<string> {
  return new Set(query.flatMap(({ name, value }) => (value.kind === 'left-out' ? [name] : [])));
}

function segmentFor(text: TextTemplate, page: SourcePage): string {
  const segment = textFor(text, page);
  if (/[/?#]/.test(segment)) throw new Doubtful(`${segment} cannot stand in an address`);
  return segment;
}

function isItself(url: string, { origin, path }: RequestTemplate): boolean {
  if (!URL.canParse(url)) return false;
  const made = new URL(url);
  return made.href === url && made.origin === origin && made.pathname.split('/').length === path.length + 1;
}

function parametersFor(query: readonly QueryTemplate[], page: SourcePage) {
  return query.flatMap(({ name, bare, value }) => {
    if (value.kind === 'left-out') return [];
    const text =
      value.kind === 'text'
        ? textFor(value.text, page)
        : written(JSON.stringify(jsonFor(value.json, page)), value.code);
    if (text === undefined || /[&#]/.test(text)) throw new Doubtful(`parameter ${name} cannot be written`);
    return [{ name, bare, value: text }];
  });
}

function bodyFor(body: BodyTemplate, page: SourcePage): string {
  switch (body.kind) {
    case 'fixed':
      return body.text;
    case 'json':
      return JSON.stringify(jsonFor(body.json, page));
    case 'form':
      return writtenParameters(parametersFor(body.query, page));
  }
}

function jsonFor(json: JsonTemplate, page: SourcePage): unknown {
  switch (json.kind) {
    case 'fixed':
      return json.value;
    case 'list':
      return json.items.map((item) => jsonFor(item, page));
    case 'object':
      return Object.fromEntries(json.fields.map(([name, value]) => [name, jsonFor(value, page)]));
    case 'text': {
      const text = textFor(json.text, page);
      if (json.as === 'string') return text;
      if (String(Number(text)) !== text) throw new Doubtful(`${text} is no number`);
      return Number(text);
    }
  }
}

function textFor(text: TextTemplate, page: SourcePage): string {
  return 'one' in text
    ? agreed(text.one, page)
    : text.parts.map((explanations) => agreed(explanations, page)).join('');
}

function agreed(explanations: readonly Explanation[], page: SourcePage): string {
  const [first, ...others] = explanations.flatMap((explanation) =>
    explanation.kind === 'held' ? holds(explanation, page) : [madeOf(explanation, page)],
  );
  const other = others.find((text) => text !== first);
  if (first === undefined || other !== undefined)
    throw new Doubtful(`two explanations differ: ${first} or ${other}`);
  return first;
}

function holds({ source, text }: Held, page: SourcePage): [] {
  if (valueAt(source, page) !== text) throw new Doubtful(`${sourceInWords(source)} is not ${text} any more`);
  return [];
}

function madeOf(explanation: Exclude<Explanation, Held>, page: SourcePage): string {
  if (explanation.kind === 'constant') return explanation.text;
  const { before, source, slice, code, after } = explanation;
  const value = valueAt(source, page);
  const part = value === undefined ? undefined : sliceOf(value, slice);
  const text = part === undefined ? undefined : written(part, code);
  if (text === undefined) throw new Doubtful(`the page has no ${sourceInWords(source)}`);
  return `${before}${text}${after}`;
}
