/**
 * The answers to chosen requests of one lease's page, with their bodies. The page's own DevTools session buffers bodies
 * when the lease wants any (page-answers.ts), and each chosen one is fetched from the browser when it is whole. What was
 * asked before the lease began, or by the document that was there before it, is nobody's.
 */
import type { CDPSession } from 'playwright';

export interface CapturedRequest {
  method: string;
  url: string;
  /** As it went over the wire, names in lower case; as the page wrote them where the browser does not tell. */
  headers: Record<string, string>;
  /** Undefined: none, or it is no text, or longer than a megabyte. */
  body: string | undefined;
}

export interface Capture {
  /** The first of several where it was redirected. */
  readonly request: CapturedRequest;
  /** `lost`: there is no answer that the page could read, or its body is not to be had. */
  readonly state: 'pending' | 'answered' | 'lost';
  /** Where it is lost. */
  readonly why: string | undefined;
  /** Undefined until there is an answer. */
  readonly status: number | undefined;
  readonly contentType: string | undefined;
  /** Of an answer between 200 and 299; else empty. */
  readonly text: string;
  /** Epoch ms: when its state was last another. */
  readonly sinceMs: number;
}

/** Whether a request is one to capture; of one that is redirected asked for each of its URLs. */
export type CaptureFilter = (request: Pick<CapturedRequest, 'method' | 'url' | 'body'>) => boolean;

export interface PageCaptures {
  /** In the order in which they were asked; the first 500. */
  readonly all: readonly Capture[];
  /** Resolves when something was captured since `all` was last read, or when it ends. */
  changed(): Promise<void>;
}

export interface CaptureWatch {
  /** Forgets what was before. `standing`: what the document that is there asks for from now on counts too. */
  begin(filter: CaptureFilter | undefined, standing: boolean): PageCaptures;
  end(): void;
}

/** Bytes of one body that the browser keeps, and of all of a page's, until they are fetched. */
const BODY_BYTES = 16 * 1024 * 1024;
const ALL_BYTES = 64 * 1024 * 1024;
const POST_BYTES = 1024 * 1024;
/** What the session's `Network.enable` is told so that there is something to capture. */
export const CAPTURE_BUFFERS = {
  maxTotalBufferSize: ALL_BYTES,
  maxResourceBufferSize: BODY_BYTES,
  maxPostDataSize: POST_BYTES,
};

const MAX_CAPTURES = 500;
/** Characters of all bodies of a page; what comes after is lost. */
const MAX_LENGTH = 64 * 1024 * 1024;
/** Headers that came before their request was told of. */
const MAX_EARLY = 64;
/** What scripts ask for; `Other` is what was preloaded for them. */
const TYPES = new Set(['XHR', 'Fetch', 'Other']);

type Mutable = { -readonly [Key in keyof Capture]: Capture[Key] };

interface Round {
  filter: CaptureFilter;
  captures: Mutable[];
  byId: Map<string, Mutable>;
  /** Those whose headers on the wire are not known yet: they are told of before the request or after its answer. */
  unwired: Map<string, Mutable>;
  /** Headers of requests of which nothing else is known yet. */
  early: Map<string, Record<string, string>>;
  length: number;
  isRead: boolean;
  wake: () => void;
}

/** `mainFrame`: its id in the protocol. */
export function watchCaptures(session: CDPSession, mainFrame: string): CaptureWatch {
  let round: Round | undefined;
  /** Of the main frame's document now, and of the one that was there when the lease began: it counts for nothing. */
  let loader: string | undefined;
  let formerLoader: string | undefined;

  function settle(of: Round, capture: Mutable, change: Partial<Omit<Mutable, 'request'>>): void {
    Object.assign(capture, change, { sinceMs: Date.now() });
    of.wake();
  }

  async function fetchBody(of: Round, capture: Mutable, requestId: string): Promise<void> {
    try {
      const { body, base64Encoded } = await session.send('Network.getResponseBody', { requestId });
      of.length += body.length;
      if (of.length > MAX_LENGTH)
        return settle(of, capture, { state: 'lost', why: 'is one too many: the page was answered too much' });
      const text = base64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;
      settle(of, capture, { state: 'answered', text });
    } catch (error) {
      const evicted = /evicted/.test(String(error));
      const why = evicted ? 'is larger than 16 MB' : 'was lost before it was read';
      settle(of, capture, { state: 'lost', why });
    }
  }

  session.on(
    'Network.requestWillBeSent',
    ({ requestId, loaderId, frameId, request, type, redirectResponse }) => {
      if (type === 'Document' && frameId === mainFrame) loader = loaderId;
      if (round === undefined || !TYPES.has(type ?? '') || loaderId === formerLoader) return;
      if (redirectResponse !== undefined && round.byId.has(requestId)) return;
      const { method, url, postData: body } = request;
      const wired = round.early.get(requestId);
      const headers = lowerCased(wired ?? request.headers);
      round.early.delete(requestId);
      if (round.captures.length >= MAX_CAPTURES || !round.filter({ method, url, body })) return;
      const capture: Mutable = {
        request: { method, url, headers, body },
        state: 'pending',
        why: undefined,
        status: undefined,
        contentType: undefined,
        text: '',
        sinceMs: Date.now(),
      };
      round.captures.push(capture);
      round.byId.set(requestId, capture);
      if (wired === undefined) round.unwired.set(requestId, capture);
      round.wake();
    },
  );
  session.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) => {
    if (round === undefined) return;
    const capture = round.unwired.get(requestId);
    round.unwired.delete(requestId);
    if (capture !== undefined) capture.request.headers = lowerCased(headers);
    else if (!round.byId.has(requestId)) {
      if (round.early.size >= MAX_EARLY) round.early.delete(round.early.keys().next().value ?? '');
      round.early.set(requestId, headers);
    }
  });
  session.on('Network.responseReceived', ({ requestId, response }) => {
    const of = round;
    const capture = of?.byId.get(requestId);
    if (of === undefined || capture === undefined) return;
    const { status, mimeType } = response;
    capture.status = status;
    capture.contentType = mimeType === '' ? undefined : mimeType;
    if (status >= 200 && status <= 299) return;
    // Its body need not end: a script that reads the status alone leaves it where it is.
    of.byId.delete(requestId);
    settle(of, capture, { state: 'answered' });
  });
  session.on('Network.loadingFinished', ({ requestId }) => {
    const of = round;
    const capture = of?.byId.get(requestId);
    if (of === undefined || capture === undefined) return;
    of.byId.delete(requestId);
    void fetchBody(of, capture, requestId);
  });
  session.on('Network.loadingFailed', ({ requestId, errorText, blockedReason }) => {
    const of = round;
    const capture = of?.byId.get(requestId);
    if (of === undefined || capture === undefined) return;
    of.byId.delete(requestId);
    const why = blockedReason === undefined ? `did not come (${errorText})` : 'is kept away by `block`';
    settle(of, capture, { state: 'lost', why });
  });

  return {
    begin(filter, standing) {
      this.end();
      formerLoader = standing ? undefined : loader;
      if (filter === undefined) return NOTHING;
      let waiting: PromiseWithResolvers | undefined;
      const begun: Round = {
        filter,
        captures: [],
        byId: new Map(),
        unwired: new Map(),
        early: new Map(),
        length: 0,
        isRead: true,
        wake() {
          begun.isRead = false;
          waiting?.resolve();
          waiting = undefined;
        },
      };
      round = begun;
      return {
        get all() {
          begun.isRead = true;
          return begun.captures;
        },
        changed() {
          if (!begun.isRead) return Promise.resolve();
          waiting ??= withResolvers();
          return waiting.promise;
        },
      };
    },
    end() {
      round?.wake();
      round = undefined;
    },
  };
}

const NOTHING: PageCaptures = { all: [], changed: () => new Promise(() => undefined) };

interface PromiseWithResolvers {
  promise: Promise<void>;
  resolve: () => void;
}

function withResolvers(): PromiseWithResolvers {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Without those of HTTP/2 that are part of the request line. */
function lowerCased(headers: Record<string, string>): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}
