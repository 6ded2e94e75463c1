/** One sitemap over the network: asked for until it answers, unpacked as it arrives, and never more than is allowed. */
import { pipeline, Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as delay } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { reasonOf } from '../errors.js';
import { SitemapFault } from './sitemap-fault.js';
import { PLAIN_USER_AGENT } from './user-agent.js';

export interface BodyOptions {
  /** Default the farm's own. */
  userAgent?: string | undefined;
  /** Decompressed, a file. Default 1 GB. */
  maxBytes?: number;
  /** Decompressed by compressed, once over 10 MB. Default 200. */
  maxRatio?: number;
}

const TRIES = 4;
const ANSWER_LIMIT_MS = 30_000;
const SUSPICIOUS_BYTES = 10 * 1024 * 1024;

/** The sitemap's bytes, unpacked when the first of them are gzip's, whatever its name. Throws SitemapFault. */
export async function* readBody(
  url: string,
  { maxBytes = 1024 ** 3, maxRatio = 200, userAgent = PLAIN_USER_AGENT }: BodyOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const response = await ask(url, userAgent, signal);
  const arrived = { bytes: 0 };
  let unpacked = 0;
  for await (const chunk of unzipped(response, arrived)) {
    signal?.throwIfAborted();
    unpacked += chunk.length;
    if (unpacked > maxBytes) {
      throw new SitemapFault(
        `more than ${maxBytes} bytes when unpacked`,
        'split the sitemap; the protocol allows 50 MB a file',
      );
    }
    if (unpacked > SUSPICIOUS_BYTES && unpacked > arrived.bytes * maxRatio) {
      throw new SitemapFault(
        `unpacks to more than ${maxRatio} times its size: a gzip bomb?`,
        'check the URL',
      );
    }
    yield chunk;
  }
}

/** An answer with a body. Asks again when there is none, and on 429 and 5xx, which may say when. */
async function ask(url: string, userAgent: string, signal: AbortSignal | undefined): Promise<Response> {
  if (!/^https?:/.test(url)) throw new SitemapFault('not an http(s) URL', 'give the full URL of the sitemap');
  for (let attempt = 1; ; attempt++) {
    const answer = await askOnce(url, userAgent, signal);
    if (answer instanceof Response) return answer;
    if (answer.isFinal || attempt === TRIES) throw answer.fault;
    const waitMs = answer.waitMs ?? 500 * 2 ** attempt * (0.5 + Math.random());
    await delay(waitMs, undefined, signal === undefined ? {} : { signal });
  }
}

interface Refusal {
  fault: SitemapFault;
  /** The same again would fail the same. */
  isFinal: boolean;
  waitMs?: number;
}

async function askOnce(
  url: string,
  userAgent: string,
  signal: AbortSignal | undefined,
): Promise<Response | Refusal> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error('no answer in time')), ANSWER_LIMIT_MS);
  try {
    const response = await fetch(url, {
      headers: { 'user-agent': userAgent, accept: 'application/xml, text/xml, */*' },
      signal: signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]),
    });
    if (response.ok && response.body !== null) return response;
    await response.body?.cancel();
    return refusalBy(response);
  } catch (error) {
    signal?.throwIfAborted();
    return unreached(error);
  } finally {
    clearTimeout(timer);
  }
}

function refusalBy({ status, headers }: Response): Refusal {
  const after = Number(headers.get('retry-after'));
  return {
    fault: new SitemapFault(`it answered ${status}`, 'check the URL in a browser'),
    isFinal: status < 500 && status !== 429,
    ...(after > 0 ? { waitMs: Math.min(after * 1_000, 60_000) } : {}),
  };
}

function unreached(error: unknown): Refusal {
  const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const { code } = reason as NodeJS.ErrnoException;
  const isUnresolved = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
  const what = isUnresolved ? `its host does not resolve (${code})` : reasonOf(reason);
  return {
    fault: new SitemapFault(what, 'check the URL and the network', error),
    isFinal: code === 'ENOTFOUND',
  };
}

async function* unzipped(response: Response, arrived: { bytes: number }): AsyncGenerator<Uint8Array> {
  const body = Readable.fromWeb(response.body as ReadableStream);
  const source = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await source.next();
  if (first.done === true) return;
  async function* all(): AsyncGenerator<Buffer> {
    try {
      for (let next: IteratorResult<Buffer> = first; next.done !== true; next = await source.next()) {
        arrived.bytes += next.value.length;
        yield next.value;
      }
    } finally {
      body.destroy(); // also when the reader stops early: the rest is not wanted
    }
  }
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  if (!isGzip) return yield* all();
  const gunzip = createGunzip();
  // Not `compose`: what it composes of a torn file throws where nobody can catch it. Failures reach the reader below.
  pipeline(Readable.from(all()), gunzip, () => undefined);
  yield* gunzip as AsyncIterable<Buffer>;
}
