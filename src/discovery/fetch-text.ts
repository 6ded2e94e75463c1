import { setTimeout as delay } from 'node:timers/promises';
import { reasonOf } from '../errors.js';
import { PLAIN_USER_AGENT } from './user-agent.js';

export interface FetchText {
  /** Undefined when there was no answer after all tries; a 3xx when the redirects did not end. */
  status: number | undefined;
  text: string;
  /** How it failed, for a person; undefined below 400. */
  problem: string | undefined;
}

export interface FetchTextOptions {
  maxBytes: number;
  userAgent?: string | undefined;
  signal?: AbortSignal | undefined;
  /** In all. Default 6. */
  tries?: number;
  /** Before the second try, ms; twice as long before each further one, half a minute in all. Default 1,000. */
  gapMs?: number;
}

const ANSWER_LIMIT_MS = 15_000;
const LONGEST_WAIT_MS = 60_000;
/** As many as RFC 9309 asks for. */
const REDIRECTS = 5;

/**
 * A small text, cut at `maxBytes`. Tries again when there is no answer, and on 429 and 5xx, which may say when. Never
 * throws but for the signal.
 */
export async function fetchText(url: string, options: FetchTextOptions): Promise<FetchText> {
  const { signal, tries = 6, gapMs = 1_000 } = options;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const { waitMs, ...answer } = await fetchOnce(url, options);
    signal?.throwIfAborted();
    const { status } = answer;
    const passes = status === undefined || status === 429 || status >= 500;
    if (!passes || attempt >= tries) return answer;
    const ownMs = gapMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
    await delay(Math.max(waitMs, ownMs), undefined, signal === undefined ? {} : { signal });
  }
}

async function fetchOnce(
  url: string,
  { maxBytes, userAgent = PLAIN_USER_AGENT, signal }: FetchTextOptions,
): Promise<FetchText & { waitMs: number }> {
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  try {
    let response: Response;
    for (let at = url, redirects = 0; ; redirects++) {
      response = await fetch(at, {
        headers: { 'user-agent': userAgent },
        redirect: 'manual',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) break;
      if (redirects === REDIRECTS) break;
      await response.body?.cancel();
      at = new URL(location, at).href;
    }
    const { status } = response;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
      if (bytes >= maxBytes) break;
    }
    const after = Number(response.headers.get('retry-after'));
    return {
      status,
      text: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8'),
      problem: status < 300 ? undefined : `it answered ${status}`,
      waitMs: after > 0 ? Math.min(after * 1_000, LONGEST_WAIT_MS) : 0,
    };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const problem = limit.aborted ? 'no answer in time' : reasonOf(cause);
    return { status: undefined, text: '', problem, waitMs: 0 };
  }
}
