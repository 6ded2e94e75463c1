/**
 * What a page's document can be asked by whether it has changed (RFC 9110, section 13): its ETag, or where it has none the
 * time of its last change, if that lies a minute or more before the answer. A change within the same second would not
 * show in it (section 8.8.2.2).
 */
import type { Validator } from '../spool/record.js';

const ETAG = /^(?:W\/)?"[\x21\x23-\x7e]{1,200}"$/;
const SETTLED_MS = 60_000;

/** `headers`: of a document that answered 200, by names in lower case. Undefined: it cannot be asked by anything. */
export function validatorOf(headers: Record<string, string>, nowMs: number): Validator | undefined {
  const { etag, date } = headers;
  const lastModified = headers['last-modified'];
  if (etag !== undefined) return ETAG.test(etag) ? { etag } : undefined;
  if (lastModified === undefined) return undefined;
  const answeredMs = date === undefined ? nowMs : Date.parse(date);
  const isSettled = Date.parse(lastModified) + SETTLED_MS <= answeredMs;
  return isSettled && lastModified.length <= 40 ? { lastModified } : undefined;
}

/** The header that asks for it only if it is another one by now. */
export function conditionOf(validator: Validator): Record<string, string> {
  return 'etag' in validator
    ? { 'if-none-match': validator.etag }
    : { 'if-modified-since': validator.lastModified };
}

/** False: a 304 names a document that is not the one that was asked by. */
export function isOf(validator: Validator, etag: string | undefined): boolean {
  if (!('etag' in validator) || etag === undefined) return true;
  return strong(etag) === strong(validator.etag);
}

function strong(etag: string): string {
  return etag.replace(/^W\//, '');
}
