/** One request without a browser, sent as a page of its session would send it. */
import type { PredictedRequest } from '../../data-lane/predict.js';
import type { RequestTemplate } from '../../data-lane/template.js';
import type { Session } from '../sessions.js';
import { DOCUMENT, type Identity } from './identity.js';
import type { Wire, WireAnswer, WireWay } from './wire.js';

export interface AskWay {
  session: Session;
  identity: Identity;
  wire: Wire;
}

export interface Asking {
  request: PredictedRequest;
  /** What rendered pages sent for the same. */
  like: Pick<RequestTemplate, 'name' | 'headers'>;
  pageUrl: string;
  read: NonNullable<WireWay['read']>;
}

export interface SentAnswer {
  answer: WireAnswer;
  /** Headers that were sent for it. */
  sent: Record<string, string>;
}

/** The page's own document. `headers`: beside those that rendered pages sent for theirs. */
export function documentAsking(
  url: string,
  { headers = {}, read }: { headers?: Record<string, string>; read: Asking['read'] },
): Asking {
  const request = { method: 'GET' as const, url: url.replace(/#.*$/s, ''), headers, body: undefined };
  return { request, like: { name: DOCUMENT, headers: [] }, pageUrl: url, read };
}

/** Follows no redirect. Undefined: no page of the session was seen to ask for it. Throws when there is no whole answer. */
export async function ask(
  { request, like, pageUrl, read }: Asking,
  { session, identity, wire }: AskWay,
  signal: AbortSignal,
): Promise<SentAnswer | undefined> {
  const sent = identity.headersOf(request, like, pageUrl);
  if (sent === undefined) return undefined;
  const answer = await wire.ask(
    { ...request, headers: sent },
    { signal, proxy: session.proxy?.server, read },
  );
  identity.took(request.url, answer.setCookie);
  return { answer, sent };
}
