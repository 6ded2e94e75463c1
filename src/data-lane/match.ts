/** Which of a target's data a request asks for. */
import type { NamedSource } from '../target/data-source.js';
import { operationsOf } from './graphql.js';

export interface AskedRequest {
  method: string;
  url: string;
  body: string | undefined;
}

/** A longer URL is nobody's: the patterns are run on what a page chooses. */
const MAX_URL_LENGTH = 8_192;

/** The sources that an answer to this request is for. */
export function sourcesFor(request: AskedRequest, sources: readonly NamedSource[]): NamedSource[] {
  return sources.filter((source) => isFor(request, source));
}

function isFor(request: AskedRequest, source: NamedSource): boolean {
  if (source.kind !== 'answer' || request.url.length > MAX_URL_LENGTH) return false;
  const { answer, method, graphql } = source;
  // What a browser asks by itself before a request to elsewhere, and what has no body, is nobody's data.
  if (request.method === 'OPTIONS' || request.method === 'HEAD') return false;
  if (method !== undefined && method !== request.method) return false;
  return answer.test(request.url) && (graphql === undefined || operationsOf(request).includes(graphql));
}
