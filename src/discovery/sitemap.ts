/**
 * Sitemaps, streamed: an index leads to its parts, plain or gzipped (told by their first bytes, whatever their name),
 * and no more than a chunk is in memory. What is not a sitemap (HTML, torn off, a bomb, a circle) ends discovery with
 * its URL and the reason: a batch with a part of the catalogue would be worse than none.
 */

import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { SaxesParser } from 'saxes';
import { reasonOf, ThreshError } from '../errors.js';
import { USER_AGENT } from './fetch-text.js';

export interface SitemapEntry {
  url: string;
  lastmod: string | undefined;
}

export interface SitemapLimits {
  /** Decompressed, a file. Default 1 GB. */
  maxBytes?: number;
  /** Decompressed by compressed, once over 10 MB. Default 200. */
  maxRatio?: number;
  /** Files in all. Default 50,000. */
  maxFiles?: number;
  /** Indexes within indexes. Default 3. */
  maxDepth?: number;
}

interface Found extends SitemapEntry {
  isIndex: boolean;
}

const TRIES = 4;
const ANSWER_LIMIT_MS = 30_000;
const SUSPICIOUS_BYTES = 10 * 1024 * 1024;

/** All entries of these sitemaps and of those that they lead to. Throws DISCOVERY_FAILED. */
export async function* readSitemaps(
  urls: readonly string[],
  signal?: AbortSignal,
  limits: SitemapLimits = {},
): AsyncGenerator<SitemapEntry> {
  const { maxFiles = 50_000, maxDepth = 3 } = limits;
  const read = new Set<string>();
  const queue = urls.map((url) => ({ url, depth: 0 }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (read.has(next.url)) continue;
    read.add(next.url);
    if (read.size > maxFiles)
      throw failed(
        next.url,
        `more than ${maxFiles} sitemaps`,
        'name the parts that are wanted instead of the index',
      );
    for await (const found of readOne(next.url, limits, signal)) {
      if (!found.isIndex) yield found;
      else if (next.depth >= maxDepth)
        throw failed(
          next.url,
          `sitemap indexes nested more than ${maxDepth} deep`,
          'name the inner index instead',
        );
      else queue.push({ url: found.url, depth: next.depth + 1 });
    }
  }
}

async function* readOne(
  url: string,
  limits: SitemapLimits,
  signal: AbortSignal | undefined,
): AsyncGenerator<Found> {
  const { maxBytes = 1024 ** 3, maxRatio = 200 } = limits;
  const response = await ask(url, signal);
  const counted = { in: 0 };
  const parser = new SaxesParser({ xmlns: false });
  let ready: Found[] = [];
  let root: string | undefined;
  let field: 'loc' | 'lastmod' | undefined;
  let loc = '';
  let lastmod = '';
  parser.on('opentag', ({ name }) => {
    const tag = name.slice(name.indexOf(':') + 1).toLowerCase();
    if (root === undefined) {
      root = tag;
      if (tag !== 'urlset' && tag !== 'sitemapindex') {
        throw failed(
          url,
          tag === 'html'
            ? 'this is an HTML page, not a sitemap'
            : `the root element is <${tag.slice(0, 40)}>, not a sitemap's`,
          'give the URL of the sitemap itself; robots.txt may name it',
        );
      }
    }
    field = name === 'loc' || name === 'lastmod' ? name : undefined;
    if (tag === 'url' || tag === 'sitemap') {
      loc = '';
      lastmod = '';
    }
  });
  parser.on('text', (text) => {
    if (field === 'loc') loc += text;
    else if (field === 'lastmod') lastmod += text;
  });
  parser.on('cdata', (text) => {
    if (field === 'loc') loc += text;
  });
  parser.on('closetag', ({ name }) => {
    field = undefined;
    const tag = name.slice(name.indexOf(':') + 1);
    if (tag !== 'url' && tag !== 'sitemap') return;
    const text = loc.trim();
    if (URL.canParse(text, url))
      ready.push({
        url: new URL(text, url).href,
        lastmod: lastmod.trim() || undefined,
        isIndex: tag === 'sitemap',
      });
  });
  parser.on('error', (error) => {
    throw error;
  });
  const decoder = new TextDecoder('utf-8', { fatal: false });
  let out = 0;
  try {
    for await (const chunk of unzipped(response, counted)) {
      signal?.throwIfAborted();
      out += chunk.length;
      if (out > maxBytes)
        throw failed(
          url,
          `more than ${maxBytes} bytes when unpacked`,
          'split the sitemap; the protocol allows 50 MB a file',
        );
      if (out > SUSPICIOUS_BYTES && out > counted.in * maxRatio)
        throw failed(url, `unpacks to more than ${maxRatio} times its size: a gzip bomb?`, 'check the URL');
      parser.write(decoder.decode(chunk, { stream: true }));
      yield* ready;
      ready = [];
    }
    parser.write(decoder.decode());
    if (root === undefined) throw failed(url, 'the answer is empty', 'check the URL');
    parser.close();
    yield* ready;
  } catch (error) {
    if (error instanceof ThreshError || signal?.aborted === true) throw error;
    const torn = /unexpected end|unclosed tag|terminated|aborted|premature|incorrect data/i.test(
      String(error),
    );
    throw failed(
      url,
      torn ? `it is cut off or broken (${reasonOf(error)})` : reasonOf(error),
      'try again; if it stays so, the site has to mend its sitemap',
      error,
    );
  }
}

async function ask(url: string, signal: AbortSignal | undefined): Promise<Response> {
  if (!/^https?:/.test(url)) throw failed(url, 'not an http(s) URL', 'give the full URL of the sitemap');
  for (let attempt = 1; ; attempt++) {
    let problem: string;
    let cause: unknown;
    let waitMs = 500 * 2 ** attempt * (0.5 + Math.random());
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new Error('no answer in time')), ANSWER_LIMIT_MS);
    try {
      const response = await fetch(url, {
        headers: { 'user-agent': USER_AGENT, accept: 'application/xml, text/xml, */*' },
        signal: signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]),
      });
      if (response.ok && response.body !== null) return response;
      await response.body?.cancel();
      problem = `it answered ${response.status}`;
      if (response.status < 500 && response.status !== 429)
        throw failed(url, problem, 'check the URL in a browser');
      const after = Number(response.headers.get('retry-after'));
      if (after > 0) waitMs = Math.min(after * 1_000, 60_000);
    } catch (error) {
      if (error instanceof ThreshError) throw error;
      signal?.throwIfAborted();
      cause = error;
      const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
      const code = (reason as NodeJS.ErrnoException).code;
      problem =
        code === 'ENOTFOUND' || code === 'EAI_AGAIN'
          ? `its host does not resolve (${code})`
          : reasonOf(reason) === ''
            ? String(code)
            : reasonOf(reason);
      if (code === 'ENOTFOUND') attempt = TRIES;
    } finally {
      clearTimeout(timer);
    }
    if (attempt >= TRIES) throw failed(url, problem, 'check the URL and the network', cause);
    await delay(waitMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** The body, unpacked when its first bytes are those of gzip. */
async function* unzipped(response: Response, counted: { in: number }): AsyncGenerator<Uint8Array> {
  const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream);
  const source = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await source.next();
  if (first.done === true) return;
  async function* all(): AsyncGenerator<Buffer> {
    for (let next: IteratorResult<Buffer> = first; next.done !== true; next = await source.next()) {
      counted.in += next.value.length;
      yield next.value;
    }
  }
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  if (!isGzip) yield* all();
  else yield* Readable.from(all()).compose(createGunzip()) as AsyncIterable<Buffer>;
}

function failed(url: string, what: string, mend: string, cause?: unknown): ThreshError {
  return new ThreshError(`sitemap ${url}: ${what}`, {
    code: 'DISCOVERY_FAILED',
    scope: 'batch',
    retry: 'later',
    mend,
    cause,
  });
}
