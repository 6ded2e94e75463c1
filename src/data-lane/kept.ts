/** Data answers as they are kept, and back again: what tells whose answer it is, without anything that was a secret. */
import type { NamedSource } from '../target/data-source.js';
import type { CapturedAnswer } from './captured.js';
import { operationsOf } from './graphql.js';
import { sourcesFor } from './match.js';

/** What is kept of an answer beside its text. */
export interface KeptFacts {
  name: string;
  method: string;
  url: string;
  status: number;
  type?: string;
  /** Of GraphQL: the operations that were asked for, in order. */
  operations?: (string | null)[];
}

export function factsOf({ name, request, status, contentType }: CapturedAnswer): KeptFacts {
  const { method, url } = request;
  const operations = operationsOf(request).map((operation) => operation ?? null);
  return {
    name,
    method,
    url,
    status,
    ...(contentType === undefined ? {} : { type: contentType }),
    ...(operations.some((operation) => operation !== null) ? { operations } : {}),
  };
}

/**
 * The answers that a kept one is for these sources, which may be others than it was captured for: by its request, what
 * was embedded by its name.
 */
export function answersFrom(
  { name, method, url, status, type, operations }: KeptFacts,
  text: string,
  sources: readonly NamedSource[],
): CapturedAnswer[] {
  const asked = operations?.map((operationName) => ({ operationName }));
  const body = asked === undefined ? undefined : JSON.stringify(asked.length === 1 ? asked[0] : asked);
  const request = { method, url, headers: {}, body };
  const ours = [
    ...sourcesFor(request, sources),
    ...sources.filter((source) => source.kind === 'embedded' && source.name === name),
  ];
  return ours.map((source) => ({ name: source.name, request, status, contentType: type, text }));
}
