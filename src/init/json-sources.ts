/** Answers of the same kind on several pages, as one source of a target's `data`: its name, and by what it is known. */
import type { JsonAnswer } from './json-answers.js';

export interface JsonSource {
  /** In `data`. */
  name: string;
  /** Source of a RegExp on the answer's URL. */
  pattern: string;
  /** Undefined: GET. */
  method: string | undefined;
  /** Name of the GraphQL operation. */
  operation: string | undefined;
}

const TAKEN = new Set(
  `answer embedded method graphql all optional data page request follow log signal item await break case catch class const
   continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return
   super switch this throw true try typeof var void while with yield let static implements interface package private protected
   public undefined arguments eval`.split(/\s+/),
);

/** What the page is given by this source: the first answer of its kind, in the order in which they were asked. */
export function answerOf(
  { pattern, method, operation }: Omit<JsonSource, 'name'>,
  answers: readonly JsonAnswer[],
): JsonAnswer | undefined {
  const known = new RegExp(pattern);
  return answers.find(
    (one) =>
      known.test(one.url) &&
      (method === undefined || one.method === method) &&
      (operation === undefined || one.operation === operation),
  );
}

/** Whether two answers may be of one kind, told by what they were asked with. */
export function isAlike(one: JsonAnswer, other: JsonAnswer): boolean {
  if (one.method !== other.method || one.operation !== other.operation) return false;
  const [a, b] = [new URL(one.url), new URL(other.url)];
  return a.origin === b.origin && segmentsOf(one.url).length === segmentsOf(other.url).length;
}

/** Segments of their paths in which they differ. */
export function differing(one: string, other: string): number {
  const others = segmentsOf(other);
  return segmentsOf(one).filter((segment, at) => segment !== others[at]).length;
}

/** `pages`: the addresses of the pages that asked, in the same order; of a single one its last segment is taken to vary. */
export function sourceOf(
  answers: readonly JsonAnswer[],
  pages: readonly string[],
  taken: readonly string[],
): JsonSource {
  const [first] = answers;
  if (first === undefined) throw new Error('a source is made of an answer');
  const { method, operation } = first;
  const paths = answers.map(({ url }) => segmentsOf(url));
  const own = pages.length === 1 ? segmentsOf(pages[0] ?? first.url).at(-1) : undefined;
  const segments = segmentsOf(first.url).map((segment, at) =>
    (own !== '' && segment === own) || paths.some((path) => path[at] !== segment) ? null : segment,
  );
  const hasQuery = answers.some(({ url }) => new URL(url).search !== '');
  const path = segments.map((one) => (one === null ? '[^/?#]+' : escapePattern(one))).join('/');
  return {
    name: nameFor(operation ?? wordOf(segments), taken),
    pattern: `/${path}${hasQuery ? '(?:\\?|$)' : '$'}`,
    method: method === 'GET' ? undefined : method,
    operation,
  };
}

function segmentsOf(url: string): string[] {
  return new URL(url).pathname.slice(1).split('/');
}

/** What the answer is of: the last segment that is the same for all; one of several where its own follows. */
function wordOf(segments: readonly (string | null)[]): string {
  const at = segments.findLastIndex((one) => one !== null && /[A-Za-z]{2}/.test(one));
  const word = (segments[at] ?? 'rows').replace(/\.\w+$/, '');
  return segments[at + 1] === null ? word.replace(/ies$/, 'y').replace(/(?<=[^s])s$/, '') : word;
}

function nameFor(word: string, taken: readonly string[]): string {
  const parts = word.split(/[^A-Za-z0-9]+/).filter((part) => part !== '');
  const joined = parts
    .map(
      (part, at) =>
        `${at === 0 ? part.charAt(0).toLowerCase() : part.charAt(0).toUpperCase()}${part.slice(1)}`,
    )
    .join('')
    .slice(0, 30);
  const base = /^[a-z]/.test(joined) && !TAKEN.has(joined) ? joined : 'part';
  let name = base;
  for (let nth = 2; taken.includes(name); nth++) name = `${base}${nth}`;
  return name;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
