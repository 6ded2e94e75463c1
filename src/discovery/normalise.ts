/** A page's identity: its URL, brought into one form, so that spellings of one page are one page. */
import { createHash } from 'node:crypto';

export interface UrlIdentity {
  /** Default false: `#…` is not part of a page's identity. */
  keepFragment?: boolean;
  /** Names of query parameters, `*` at the end for a prefix, dropped beside the tracking ones. */
  dropParams?: readonly string[];
}

/** Parameters that say where a visitor came from and nothing about the page. */
const TRACKING = [
  'utm_*',
  'gclid',
  'gclsrc',
  'dclid',
  'fbclid',
  'msclkid',
  'yclid',
  'twclid',
  'ttclid',
  'igshid',
  'mc_cid',
  'mc_eid',
  '_ga',
  '_gl',
  '_hsenc',
  '_hsmi',
  'wbraid',
  'gbraid',
  'srsltid',
];

/**
 * WHATWG form (host in lower case, no default port, dots resolved), without tracking parameters, query sorted by name
 * and in its order within a name. Undefined for what is no http(s) URL, or carries a user and password.
 */
export function normaliseUrl(text: string, identity: UrlIdentity = {}): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  if (identity.keepFragment !== true) url.hash = '';
  if (url.search !== '') {
    const dropped = [...TRACKING, ...(identity.dropParams ?? [])];
    const kept = [...url.searchParams].filter(([name]) => !dropped.some((pattern) => matches(pattern, name)));
    kept.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); // stable: values of one name keep their order
    url.search = new URLSearchParams(kept).toString();
  }
  if (url.hash === '' && url.href.endsWith('#')) url.hash = '';
  url.pathname = url.pathname.replace(/%[0-9a-f]{2}/gi, unreserved);
  return url.href;
}

/** 80 bits of SHA-256: among ten million pages two alike by chance once in ten billion batches. */
export function fingerprint(identity: string): bigint {
  return BigInt(`0x${createHash('sha256').update(identity).digest('hex').slice(0, 20)}`);
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** RFC 3986, 6.2.2: escapes of unreserved characters are the characters; hex digits are upper case. */
function unreserved(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[A-Za-z0-9_~-]/.test(character) ? character : escaped.toUpperCase();
}
