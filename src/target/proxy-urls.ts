/**
 * URLs of proxies. They carry a user and a password, so nothing here, and nobody after, ever shows one whole: a wrong
 * one is named by its place in the list, a right one by its scheme, host and port.
 */
import type { TargetProblem } from './problems.js';

const SCHEMES = ['http:', 'https:', 'socks5:'];
const EXAMPLE = "e.g. 'http://user:password@proxy.example.com:8080', 'https://…' or 'socks5://…'";
/** Bytes of a user or a password in SOCKS5 (RFC 1929). */
const MOST_SOCKS_BYTES = 255;
/** Of a long list, so many are named. */
const MAX_NAMED = 5;

/** What is wrong with a list of proxies, without a word of what stands in it. */
export function proxyListProblems(list: unknown): TargetProblem[] {
  if (!Array.isArray(list) || list.length === 0) {
    const message = Array.isArray(list)
      ? 'is an empty list'
      : 'must be a list of URLs, or a function that gives one';
    return [{ path: 'proxies', message, mend: `proxies: [ … ], ${EXAMPLE}` }];
  }
  const problems: TargetProblem[] = [];
  for (const [index, url] of list.entries()) {
    const wrong = problemOf(url);
    if (wrong !== undefined) problems.push({ path: `proxies[${index}]`, ...wrong });
    if (problems.length === MAX_NAMED) break;
  }
  return problems;
}

/** `http://proxy.example.com:8080`: what a proxy is called where people read. */
export function proxyName(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

/** `text` with no user and password in whatever URLs stand in it. */
export function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^\s/?#"'<>]*@/g, '//');
}

function problemOf(value: unknown): { message: string; mend: string } | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return { message: 'is no URL', mend: EXAMPLE };
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(value);
  if (!SCHEMES.includes(protocol)) return { message: 'is neither http, https nor socks5', mend: EXAMPLE };
  if (hostname === '') return { message: 'names no host', mend: EXAMPLE };
  const isSocks = protocol === 'socks5:';
  if (isSocks && port === '')
    return { message: 'names no port', mend: "e.g. 'socks5://proxy.example.com:1080'" };
  if (isSocks && hostname.startsWith('['))
    return { message: 'names an IPv6 address', mend: 'give a SOCKS5 proxy by its name or IPv4 address' };
  if (!['', '/'].includes(pathname) || search !== '' || hash !== '')
    return {
      message: 'has more than scheme, user, password, host and port',
      mend: `leave the rest out, ${EXAMPLE}`,
    };
  const [user, secret] = [decoded(username), decoded(password)];
  if (user === undefined || secret === undefined)
    return { message: 'has a % in its user or password that stands for nothing', mend: 'write % as %25' };
  if (!isSocks && user.includes(':'))
    return {
      message: 'has a colon in its user',
      mend: 'such a user cannot be sent: give the proxy another one',
    };
  if (isSocks && [user, secret].some((part) => Buffer.byteLength(part) > MOST_SOCKS_BYTES))
    return {
      message: `has a user or password of more than ${MOST_SOCKS_BYTES} bytes`,
      mend: 'SOCKS5 has no more',
    };
  return undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
