/**
 * Who a request comes as without a browser: as the latest page that was rendered in the same session. Its headers are
 * those that the page sent for the same answer (user agent, language, client hints, tokens), its cookies those of the
 * browser's context, led on by what answers set. All of it lives in memory only.
 */

import type { Page } from 'playwright';
import { Cookie, CookieJar } from 'tough-cookie';
import type { CapturedAnswer } from '../../data-lane/captured.js';
import type { PredictedRequest } from '../../data-lane/predict.js';
import type { RequestTemplate } from '../../data-lane/template.js';
import type { Session } from '../sessions.js';
import { ENCODINGS } from './wire.js';

type BrowserCookie = Awaited<ReturnType<ReturnType<Page['context']>['cookies']>>[number];

export interface Identity {
  /** Headers of a request; undefined when no page of the session was seen to send it. */
  headersOf(
    request: PredictedRequest,
    template: Pick<RequestTemplate, 'name' | 'headers'>,
    pageUrl: string,
  ): Record<string, string> | undefined;
  /** What an answer set. */
  took(url: string, setCookie: readonly string[]): void;
}

export interface Identities {
  /** Undefined: nothing of the session is known, or it is over. */
  of(session: Session): Identity | undefined;
  /** A page of the session was rendered. */
  learn(session: Session, page: RenderedAs): void;
  /** It does not hold any more; unless another one came meanwhile. */
  expire(session: Session, identity: Identity): void;
}

export interface RenderedAs {
  url: string;
  cookies: readonly BrowserCookie[];
  /** What was sent for what; for its document by the name of `DOCUMENT`. */
  answers: readonly { name: string; request: Pick<CapturedAnswer['request'], 'headers'> }[];
}

/** A page's document, as what was sent for it is known by. */
export const DOCUMENT = 'the document';

interface Sent {
  headers: Record<string, string>;
  pageUrl: string;
}

/** Sessions whose identity is kept at once: of each proxy one. */
const MOST_SESSIONS = 256;

/** Ours to say, or of the connection. */
const OURS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'cookie',
  'host',
  'if-modified-since',
  'if-none-match',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

export function createIdentities(): Identities {
  const known = new Map<number, Identity & { sent: Map<string, Sent> }>();
  return {
    of: ({ generation }) => known.get(generation),
    learn({ generation }, page) {
      const sent = new Map(known.get(generation)?.sent);
      for (const { name, request } of page.answers)
        sent.set(name, { headers: request.headers, pageUrl: page.url });
      known.delete(generation);
      const [oldest] = known.size >= MOST_SESSIONS ? known.keys() : [];
      if (oldest !== undefined) known.delete(oldest);
      known.set(generation, { ...createIdentity(sent, page.cookies), sent });
    },
    expire({ generation }, identity) {
      if (known.get(generation) === identity) known.delete(generation);
    },
  };
}

function createIdentity(sent: ReadonlyMap<string, Sent>, cookies: readonly BrowserCookie[]): Identity {
  const jar = new CookieJar(undefined, { rejectPublicSuffixes: false, looseMode: true });
  for (const cookie of cookies) put(jar, cookie);
  return {
    headersOf(request, { name, headers: templates }, pageUrl) {
      const like = sent.get(name);
      if (like === undefined) return undefined;
      const dropped = new Set(templates.flatMap((one) => (one.kind === 'left-out' ? [one.name] : [])));
      const headers: Record<string, string> = {};
      for (const [header, value] of Object.entries(like.headers)) {
        const key = header.toLowerCase();
        if (!OURS.has(key) && !key.startsWith(':') && !dropped.has(key)) headers[key] = value;
      }
      if (headers.referer !== undefined && headers.referer === withoutFragment(like.pageUrl))
        headers.referer = withoutFragment(pageUrl);
      headers['accept-encoding'] = ENCODINGS;
      // Requests to other hosts go without cookies unless the application asks for them; who goes to a page has them.
      const isWithCookies = name === DOCUMENT || 'cookie' in like.headers;
      const cookie = isWithCookies ? jar.getCookieStringSync(request.url) : '';
      if (cookie !== '') headers.cookie = cookie;
      return { ...headers, ...request.headers };
    },
    took(url, setCookie) {
      for (const text of setCookie) jar.setCookieSync(text, url, { ignoreError: true });
    },
  };
}

function put(jar: CookieJar, { name, value, domain, path, expires, secure, httpOnly }: BrowserCookie): void {
  const host = domain.replace(/^\./, '');
  const cookie = new Cookie({
    key: name,
    value,
    domain: host,
    path,
    secure,
    httpOnly,
    hostOnly: !domain.startsWith('.'),
    expires: expires > 0 ? new Date(expires * 1_000) : 'Infinity',
  });
  jar.setCookieSync(cookie, `${secure ? 'https' : 'http'}://${host}${path}`, { ignoreError: true });
}

function withoutFragment(url: string): string {
  return url.replace(/#.*$/, '');
}
