/**
 * What the target answered to one lease's page, and how fast: its document and its data requests (XHR, fetch), as the
 * browser saw them. Read from events that the page's DevTools session has anyway. Times are to the first byte, counted
 * from when the request was sent: waiting in the browser's own queue (six connections a host) is not the target's time.
 * Third parties, what the cache served and what the page itself cancelled are left out.
 */
import type { CDPSession } from 'playwright';
import { isOwnSite } from './own-site.js';

export interface Answer {
  url: string;
  /** Undefined: there was no answer, the connection was refused or cut. */
  status: number | undefined;
  firstByteMs: number | undefined;
  /** As it stands in the header. */
  retryAfter: string | undefined;
  /** Epoch ms. */
  atMs: number;
}

/** A data request that was last answered by 429, by 5xx, or not at all. */
export interface Trouble extends Answer {
  /** Epoch ms: since when it was never answered well. */
  sinceMs: number;
}

export interface PageAnswers {
  /** Of the main frame's document; after redirects the last answer. Undefined before there is one. */
  readonly document: Answer | undefined;
  /** Of the target's data requests, in order, the first 20. */
  readonly data: readonly Answer[];
  /** Every 429 and 503 of a data request, the first 20, whatever was answered later. */
  readonly refusals: readonly Answer[];
  /** What a good answer to the same request (method, URL and body) has not made up for; at most 20. */
  readonly troubles: readonly Trouble[];
  /** Data requests of the target that were answered below 400. */
  readonly answeredWell: number;
  /** Data requests of the target that wait for an answer. */
  readonly pending: number;
  /** Data requests to somebody else, however they ended. */
  readonly elsewhere: number;
  /** Scripts, of whomever, that did not come: refused, cut, kept away by us. */
  readonly lostScripts: number;
  /** Resolves when what was answered before is counted: what the page says may overtake what its network says. */
  catchUp(): Promise<void>;
}

export interface AnswerWatch {
  /**
   * Forgets what was before and counts into what it returns. `ownHosts`: beside the document's own site. `standing`: what
   * the document that is there asks for from now on counts too.
   */
  begin(ownHosts: readonly string[], standing?: boolean): PageAnswers;
}

interface Counted extends PageAnswers {
  document: Answer | undefined;
  data: Answer[];
  refusals: Answer[];
  answeredWell: number;
  elsewhere: number;
  lostScripts: number;
}

interface PendingRequest {
  /** Method, URL as first asked, and the beginning of the body. */
  key: string;
  url: string;
  /** From the headers as they came over the wire: what CORS hides from the page is answered all the same. */
  wire?: WireAnswer;
}

interface WireAnswer {
  status: number;
  retryAfter: string | undefined;
}

const MAX_KEPT = 20;
const MAX_PENDING = 256;
const MAX_EARLY = 64;
const MAX_BODY = 2_048;

/** What the session's `Network.enable` is told where no body is wanted. */
const NO_BUFFERS = { maxTotalBufferSize: 0, maxResourceBufferSize: 0, maxPostDataSize: MAX_BODY };

/**
 * Enables the session's network events, for as long as its page lives. `mainFrame`: its id in the protocol; `buffers`: of
 * bodies. Default none.
 */
export async function watchAnswers(
  session: CDPSession,
  mainFrame: string,
  buffers = NO_BUFFERS,
): Promise<AnswerWatch> {
  const pending = new Map<string, PendingRequest>();
  // Headers are told of by another process than what becomes of their request: now and then before it is asked, or after
  // CORS has refused it.
  const early = new Map<string, WireAnswer>();
  const hidden = new Map<string, PendingRequest>();
  const troubles = new Map<string, Trouble>();
  let hosts: readonly string[] = [];
  let counted = fresh();
  /** Of the main frame's document now, and of the one that was there when the counting began: it counts for nothing. */
  let loader: string | undefined;
  let formerLoader: string | undefined;

  function fresh(): Counted {
    pending.clear();
    early.clear();
    hidden.clear();
    troubles.clear();
    return {
      document: undefined,
      data: [],
      refusals: [],
      answeredWell: 0,
      elsewhere: 0,
      lostScripts: 0,
      async catchUp() {
        if (pending.size > 0 || hidden.size > 0) await session.send('Page.getFrameTree');
      },
      get troubles() {
        return [...troubles.values()];
      },
      get pending() {
        return pending.size;
      },
    };
  }

  function settle({ key }: PendingRequest, answer: Answer): void {
    const { status } = answer;
    if (answer.firstByteMs !== undefined && counted.data.length < MAX_KEPT) counted.data.push(answer);
    if (isRefusal(status) && counted.refusals.length < MAX_KEPT) counted.refusals.push(answer);
    if (status === undefined || status === 429 || status >= 500) {
      const sinceMs = troubles.get(key)?.sinceMs ?? answer.atMs;
      if (troubles.has(key) || troubles.size < MAX_KEPT) troubles.set(key, { ...answer, sinceMs });
    } else if (status < 400) {
      counted.answeredWell += 1;
      troubles.delete(key);
    }
  }

  function fail(request: PendingRequest, wire: WireAnswer | undefined): void {
    const { status, retryAfter } = wire ?? { status: undefined, retryAfter: undefined };
    settle(request, { url: request.url, status, firstByteMs: undefined, retryAfter, atMs: Date.now() });
  }

  session.on('Network.requestWillBeSent', ({ requestId, loaderId, frameId, request, documentURL, type }) => {
    if (type === 'Document' && frameId === mainFrame) loader = loaderId;
    const wire = early.get(requestId);
    early.delete(requestId);
    if (loaderId === formerLoader) return;
    if (type !== 'XHR' && type !== 'Fetch') return;
    const redirected = pending.get(requestId);
    pending.delete(requestId);
    if (!isOwnSite(request.url, documentURL, hosts)) {
      counted.elsewhere += 1;
      return;
    }
    if (pending.size >= MAX_PENDING) return;
    const key = `${request.method} ${request.url} ${(request.postData ?? '').slice(0, MAX_BODY)}`;
    pending.set(requestId, { key: redirected?.key ?? key, url: request.url, ...(wire && { wire }) });
  });
  session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode, headers }) => {
    const wire = { status: statusCode, retryAfter: retryAfterOf(headers) };
    const request = pending.get(requestId);
    const late = hidden.get(requestId);
    if (request !== undefined) request.wire = wire;
    else if (late !== undefined) {
      hidden.delete(requestId);
      fail(late, wire);
    } else {
      if (early.size >= MAX_EARLY) early.delete(early.keys().next().value ?? '');
      early.set(requestId, wire);
    }
  });
  session.on('Network.responseReceived', ({ requestId, type, frameId, response }) => {
    if (type === 'Script' && response.status >= 400) counted.lostScripts += 1;
    const isDocument = type === 'Document' && frameId === mainFrame;
    const request = isDocument ? undefined : pending.get(requestId);
    if (!isDocument && request === undefined) return;
    pending.delete(requestId);
    const { url, status, headers, timing } = response;
    const fromCache = response.fromDiskCache === true || response.fromPrefetchCache === true;
    const firstByteMs =
      fromCache || timing === undefined
        ? undefined
        : Math.max(0, (timing.receiveHeadersStart ?? timing.receiveHeadersEnd) - timing.sendStart);
    const answer: Answer = {
      url,
      status,
      firstByteMs,
      retryAfter: retryAfterOf(headers),
      atMs: Date.now(),
    };
    if (request === undefined) counted.document = answer;
    else settle(request, answer);
  });
  session.on('Network.loadingFailed', (failed) => {
    const { requestId, type, canceled, blockedReason, corsErrorStatus } = failed;
    if (type === 'Script') counted.lostScripts += 1;
    const request = pending.get(requestId);
    if (request === undefined) return;
    pending.delete(requestId);
    if (canceled === true || blockedReason !== undefined) return;
    if (request.wire !== undefined || corsErrorStatus === undefined) fail(request, request.wire);
    else if (hidden.size < MAX_PENDING) hidden.set(requestId, request); // or the browser did not even ask
  });
  await session.send('Network.enable', buffers);

  return {
    begin(ownHosts, standing = false) {
      hosts = ownHosts;
      formerLoader = standing ? undefined : loader;
      counted = fresh();
      return counted;
    },
  };
}

/** True for answers that say that it is too much. */
export function isRefusal(status: number | undefined): boolean {
  return status === 429 || status === 503;
}

function retryAfterOf(headers: Record<string, string>): string | undefined {
  for (const name in headers) if (name.toLowerCase() === 'retry-after') return headers[name];
  return undefined;
}
