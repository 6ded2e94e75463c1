/**
 * Learns from rendered pages of one label how each answer's request follows from the page. What is learned predicts the
 * requests of all these pages exactly, or it is said why nothing is. Pure: the same pages give the same.
 */
import type { CapturedAnswer } from './captured.js';
import { candidatesOf } from './explain.js';
import { learnBody, learnQuery, learnText, Unlearned } from './learn-parts.js';
import { learnHeaders, ownHeaders } from './own-headers.js';
import { type RequestShape, shapeOf } from './request-shape.js';
import type { SourcePage } from './sources.js';
import type { PageTemplate, RequestTemplate } from './template.js';
import { needsOf } from './texts.js';

/** A page as it was rendered. */
export interface LearnPage {
  url: string;
  label?: string | undefined;
  data?: unknown;
  /** Its identity at the site: tokens are one session's. */
  session: string;
  /** In the order in which they were asked for. */
  answers: readonly CapturedAnswer[];
  /** JSON of its own document, read, by name; undefined where there is none. It is there before anything is asked for. */
  embedded?: Readonly<Record<string, unknown>>;
}

export type Learned =
  | { kind: 'template'; template: PageTemplate }
  /** `more`: further pages may help. */
  | { kind: 'more' | 'never'; why: string };

/** So many at least. */
export const LEAST_PAGES = 5;
/** With so many it is over: what is not understood by then will not be. */
export const MOST_PAGES = 20;

/** `pages`: in the order in which they were rendered. */
export function learn(pages: readonly LearnPage[]): Learned {
  const missing = LEAST_PAGES - pages.length;
  if (missing > 0) return { kind: 'more', why: `${missing} more pages to learn from` };
  try {
    return { kind: 'template', template: learnAll(pages) };
  } catch (error) {
    if (!(error instanceof Unlearned)) throw error;
    const kind = error.kind === 'more' && pages.length < MOST_PAGES ? 'more' : 'never';
    return { kind, why: error.message };
  }
}

function learnAll(pages: readonly LearnPage[]): PageTemplate {
  const sources = pages.map(sourcePageOf);
  const template: RequestTemplate[] = [];
  const embedded = embeddedNames(pages);
  let left = namesOf(pages);
  while (left.length > 0) {
    const found = nextOf(left, pages, { sources, template, embedded });
    template.push(found);
    left = left.filter((name) => name !== found.name);
  }
  return template;
}

interface SoFar {
  sources: readonly SourcePage[];
  template: PageTemplate;
  /** Names of JSON that every page's document has. */
  embedded: readonly string[];
}

/** One of which all is understood; else one of which something is left out, that no answer will explain any more. */
function nextOf(
  names: readonly string[],
  pages: readonly LearnPage[],
  { sources, template, embedded }: SoFar,
): RequestTemplate {
  const failures: Unlearned[] = [];
  for (const mayLeaveOut of [false, true])
    for (const name of names) {
      const before = template.map((request) => request.name).filter((other) => isBefore(other, name, pages));
      try {
        return learnRequest(name, pages, { sources, known: [...embedded, ...before], mayLeaveOut });
      } catch (error) {
        if (!(error instanceof Unlearned)) throw error;
        failures.push(error);
      }
    }
  throw failures.find(({ kind }) => kind === 'more') ?? (failures.at(-1) as Unlearned);
}

/** Throws Unlearned when pages differ in what they ask for. */
function namesOf(pages: readonly LearnPage[]): string[] {
  const names = [...new Set(pages.flatMap(({ answers }) => answers.map(({ name }) => name)))];
  const hasEmbedded = pages.some(({ embedded = {} }) => Object.values(embedded).some(isThere));
  if (names.length === 0 && !hasEmbedded) throw new Unlearned('never', 'no answer was captured');
  for (const name of names) {
    const counts = pages.map(({ answers }) => answers.filter((answer) => answer.name === name).length);
    if (counts.some((count) => count > 1))
      throw new Unlearned('never', `${name} came more than once on a page`);
    const some = counts.filter((count) => count > 0).length;
    if (some < pages.length) throw new Unlearned('never', `${name} came on ${some} of ${pages.length} pages`);
  }
  return names;
}

function embeddedNames(pages: readonly LearnPage[]): string[] {
  return Object.keys(pages[0]?.embedded ?? {}).filter((name) =>
    pages.every(({ embedded = {} }) => isThere(embedded[name])),
  );
}

function isThere(value: unknown): boolean {
  return value !== undefined;
}

export function sourcePageOf({
  url,
  label,
  data,
  answers,
  embedded = {},
}: Omit<LearnPage, 'session'>): SourcePage {
  const parsed = answers.map(({ name, text }) => [name, parsedOr(text)] as const);
  return { url, label, data, answers: new Map([...Object.entries(embedded), ...parsed]) };
}

/** On every page: else it cannot have been waited for. */
function isBefore(one: string, other: string, pages: readonly LearnPage[]): boolean {
  return pages.every(({ answers }) => {
    const at = (name: string): number => answers.findIndex((answer) => answer.name === name);
    return at(one) < at(other);
  });
}

interface Known {
  sources: readonly SourcePage[];
  /** Answers that it can wait for. */
  known: readonly string[];
  mayLeaveOut: boolean;
}

function learnRequest(
  name: string,
  pages: readonly LearnPage[],
  { sources, known, mayLeaveOut }: Known,
): RequestTemplate {
  const requests = pages.map(({ answers }) => requestOf(answers, name));
  const candidates = candidatesOf(sources, known);
  const shapes = requests.map(({ url }) => shapeOf(url));
  const { origin, path } = shapes[0] as RequestShape;
  const method = methodOf(name, requests);
  if (shapes.some((shape) => shape.origin !== origin))
    throw new Unlearned('never', `${name} is asked for at several hosts`);
  if (shapes.some((shape) => shape.path.length !== path.length))
    throw new Unlearned('never', `the path of ${name} has not as many segments on every page`);
  const queries = shapes.map(({ query }) => query);
  const own = requests.map(({ headers }) => ownHeaders(headers));
  const isForm = own.every((headers) =>
    /^application\/x-www-form-urlencoded/i.test(headers['content-type'] ?? ''),
  );
  const learned = {
    name,
    method,
    origin,
    path: path.map((_, at) =>
      learnText(
        shapes.map((shape) => shape.path[at] ?? ''),
        { candidates, mayLeaveOut, what: `segment ${at + 1} of the path of ${name}` },
      ),
    ),
    query: queries.some((query) => query === undefined)
      ? noQuery(name, queries)
      : learnQuery(
          queries.map((query) => query ?? []),
          { candidates, mayLeaveOut, what: name },
        ),
    body: learnBody(
      requests.map(({ body }) => body),
      isForm,
      { candidates, mayLeaveOut, what: `the body of ${name}` },
    ),
    headers: learnHeaders(
      own,
      pages.map(({ session }) => session),
      { candidates, mayLeaveOut, what: name },
    ),
  };
  return { ...learned, needs: needsOf(learned) };
}

function noQuery(name: string, queries: readonly unknown[]): undefined {
  if (queries.some((query) => query !== undefined))
    throw new Unlearned('never', `${name} has not the same parameters on every page`);
  return undefined;
}

/** Others may change something, and are left to the page. */
function methodOf(name: string, requests: readonly { method: string }[]): 'GET' | 'POST' {
  const methods = [...new Set(requests.map(({ method }) => method.toUpperCase()))];
  const [method] = methods;
  if (methods.length > 1) throw new Unlearned('never', `${name} is asked for by ${methods.join(' and ')}`);
  if (method === 'GET' || method === 'POST') return method;
  throw new Unlearned('never', `${name} is asked for by ${method}, which may change something`);
}

function requestOf(answers: readonly CapturedAnswer[], name: string): CapturedAnswer['request'] {
  const answer = answers.find((one) => one.name === name);
  if (answer === undefined || !URL.canParse(answer.request.url))
    throw new Unlearned('never', `${name} has no address`);
  return answer.request;
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
