/**
 * One request without a browser, to its answer: by robots.txt, through redirects within its origin. What is no good answer
 * is thrown as what it means: a doubt (the page is to be rendered), a session that is over, a target that refuses or fails.
 */
import { isForwarderStatus, isRefusal } from '../../../browser-pool/index.js';
import { reasonOf, ThreshError } from '../../errors.js';
import type { TargetAnswer } from '../../throttle/page-sample.js';
import { blocked } from '../page-error.js';
import { proxyFailed } from '../proxies/failures.js';
import { overloadWaitMs } from '../retry-after.js';
import { type Asking, type AskWay, ask, type SentAnswer } from './ask.js';
import type { WireAnswer } from './wire.js';

/**
 * Of whose pages a doubt is: of this one alone; of the whole kind; or of that if this page, rendered, has what is missed
 * here.
 */
export type DoubtOf = 'page' | 'kind' | 'kind-when-rendered';

/** The page is to be rendered. */
export class Doubt extends Error {
  constructor(
    why: string,
    readonly of: DoubtOf = 'page',
  ) {
    super(why);
  }
}

/** Who asks is not known any more. */
export class Expired extends Error {}

/** It is the page's failure, as it is of a rendered page. */
export class Refused extends Error {
  constructor(
    readonly error: ThreshError,
    readonly answer: TargetAnswer,
    readonly retryAfter?: string,
  ) {
    super(error.message);
  }
}

export interface ThroughWay extends AskWay {
  /** By robots.txt. */
  mayAsk(url: string): Promise<boolean>;
}

export interface Through {
  signal: AbortSignal;
  /** Its address was admitted as a page's. */
  isAdmitted: boolean;
  /** Each answer on the way, and the last one. */
  answered(answer: WireAnswer): void;
}

const MOST_REDIRECTS = 3;

/** `isRedirected`: it stands at another address. Throws Doubt, Expired, Refused, and what the wire throws. */
export async function askThrough(
  asking: Asking,
  way: ThroughWay,
  { signal, isAdmitted, answered }: Through,
): Promise<SentAnswer & { isRedirected: boolean }> {
  const { name } = asking.like;
  const { method, url: first } = asking.request;
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const isKnown = isAdmitted && redirects === 0;
    if (!isKnown && !(await allowed(url, way)))
      throw new Doubt(`robots.txt disallows ${url}`, isAdmitted ? 'page' : 'kind');
    const got = await ask({ ...asking, request: { ...asking.request, url } }, way, signal);
    if (got === undefined) throw new Expired(`no page of this session was seen to ask for ${name}`);
    answered(got.answer);
    const next = judge(got.answer, url, { name, first, proxied: way.session.proxy !== undefined });
    if (next === undefined) return { ...got, isRedirected: redirects > 0 };
    if (redirects >= MOST_REDIRECTS || method !== 'GET') throw new Doubt(`${url} redirects`);
    url = next;
  }
}

/** Rules that cannot be had allow nothing; the page itself is asked for as they were when it was admitted. */
async function allowed(url: string, way: ThroughWay): Promise<boolean> {
  try {
    return await way.mayAsk(url);
  } catch (error) {
    throw new Doubt(reasonOf(error));
  }
}

/** Where it leads on; undefined for an answer. Throws for what is none. */
function judge(
  { status, retryAfter, location }: WireAnswer,
  url: string,
  { name, first, proxied }: { name: string; first: string; proxied: boolean },
): string | undefined {
  if (status >= 200 && status <= 299) return undefined;
  if (proxied && isForwarderStatus(status))
    throw new Refused(proxyFailed(`${url}: its proxy dropped the connection`), 'unknown');
  if (isRefusal(status)) {
    const nowMs = Date.now();
    const afterMs = overloadWaitMs(retryAfter, { answeredAtMs: nowMs, nowMs });
    throw new Refused(blocked(url, `answered ${status}`, { afterMs }), 'refused', retryAfter);
  }
  if (status === 401 || status === 403 || status === 419) throw new Expired(`${name} was answered ${status}`);
  if (status >= 500) {
    const error = new ThreshError(`${url} answered ${status}`, {
      code: 'HTTP_STATUS',
      scope: 'page',
      retry: 'later',
    });
    throw new Refused(error, 'failed');
  }
  if (status >= 300 && status <= 399 && location !== undefined && URL.canParse(location, url)) {
    const next = new URL(location, url);
    if (next.origin === new URL(first).origin) return next.href;
    throw new Doubt(`${name} redirects to another host`);
  }
  throw new Doubt(`${name} was answered ${status}`);
}
