/** GraphQL over HTTP: which operations a request asks for, and what the answer says of one of them. */
import type { AskedRequest } from './match.js';

/** Longer bodies are not looked into. */
const MAX_BODY_LENGTH = 1024 * 1024;

/** The names of the operations that a request asks for, in order; several in a batch, undefined for a nameless one. */
export function operationsOf({ method, url, body }: AskedRequest): (string | undefined)[] {
  if (method === 'GET') {
    const query = URL.canParse(url) ? new URL(url).searchParams : new URLSearchParams();
    return [nameOf({ operationName: query.get('operationName'), query: query.get('query') })];
  }
  const asked = body === undefined || body.length > MAX_BODY_LENGTH ? undefined : parsed(body);
  return [asked].flat().map(nameOf);
}

/**
 * What an answer says of an operation; `at`: its place in a batch. An error beside data is the application's to bear, as
 * it bears it on the page; an error without data is no answer.
 */
export function operationResult(
  answer: unknown,
  at: number,
): { ok: true; value: unknown } | { ok: false; why: string } {
  const result: unknown = Array.isArray(answer) ? answer[at] : answer;
  if (isRecord(result) && Object.hasOwn(result, 'data') && isRecord(result.data))
    return { ok: true, value: result.data };
  const errors = isRecord(result) && Array.isArray(result.errors) ? result.errors : [];
  const message: unknown = isRecord(errors[0]) ? errors[0].message : undefined;
  const said = typeof message === 'string' ? `: ${JSON.stringify(message.slice(0, 200))}` : '';
  return { ok: false, why: `was answered without data${said}` };
}

function nameOf(asked: unknown): string | undefined {
  if (!isRecord(asked)) return undefined;
  const { operationName, query } = asked;
  if (typeof operationName === 'string' && operationName !== '') return operationName;
  if (typeof query !== 'string') return undefined;
  return /(?:^|[\s}])(?:query|mutation)\s+([A-Za-z_]\w*)/.exec(query)?.[1];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an upload, or no GraphQL at all
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
