/**
 * Sitemaps, streamed: an index leads to its parts, and no more than a chunk is in memory. What is not a sitemap (HTML,
 * torn off, a bomb, a circle) ends discovery with its URL and the reason: a batch with a part of the catalogue would be
 * worse than none.
 */
import { createBreather } from '../breather.js';
import { reasonOf } from '../errors.js';
import { type BodyOptions, readBody } from './sitemap-body.js';
import { SitemapFault, withUrl } from './sitemap-fault.js';
import { createSitemapXml, type Found, type SitemapEntry } from './sitemap-xml.js';

export interface SitemapOptions extends BodyOptions {
  /** Files in all. Default 50,000. */
  maxFiles?: number;
  /** Indexes within indexes. Default 3. */
  maxDepth?: number;
  /** Whether a sitemap that an index names is read. Default: each is. */
  leadsTo?: (url: string) => boolean;
}

interface Wanted {
  url: string;
  /** The indexes that led to it, outermost first. */
  within: string[];
}

/** All entries of these sitemaps and of those that they lead to. Throws DISCOVERY_FAILED. */
export async function* readSitemaps(
  urls: readonly string[],
  signal?: AbortSignal,
  options: SitemapOptions = {},
): AsyncGenerator<SitemapEntry> {
  const { maxFiles = 50_000, maxDepth = 3, leadsTo = () => true } = options;
  const read = new Set<string>();
  const queue = urls.map((url): Wanted => ({ url, within: [] }));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { url, within } = next;
    if (read.has(url)) continue;
    read.add(url);
    try {
      if (read.size > maxFiles) {
        throw new SitemapFault(
          `more than ${maxFiles} sitemaps`,
          'name the parts that are wanted instead of the index',
        );
      }
      for await (const found of readOne(url, options, signal)) {
        if (!found.isIndex) yield found;
        else if (leadsTo(found.url)) queue.push(wantedWithin([...within, url], found.url, maxDepth));
      }
    } catch (error) {
      throw error instanceof SitemapFault ? withUrl(error, url) : error;
    }
  }
}

function wantedWithin(within: string[], url: string, maxDepth: number): Wanted {
  if (within.includes(url)) {
    throw new SitemapFault(`it leads in a circle, back to ${url}`, 'name the parts that are wanted instead');
  }
  if (within.length > maxDepth) {
    throw new SitemapFault(
      `sitemap indexes nested more than ${maxDepth} deep`,
      'name the inner index instead',
    );
  }
  return { url, within };
}

async function* readOne(
  url: string,
  options: SitemapOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<Found> {
  const xml = createSitemapXml(url);
  const decoder = new TextDecoder('utf-8', { fatal: false });
  const breathe = createBreather();
  try {
    for await (const chunk of readBody(url, options, signal)) {
      yield* xml.write(decoder.decode(chunk, { stream: true }));
      await breathe(); // what has arrived already would be read in one go
    }
    yield* xml.write(decoder.decode());
    yield* xml.close();
  } catch (error) {
    throw error instanceof SitemapFault || signal?.aborted === true ? error : faultOf(error);
  }
}

/** What the parser, the unpacking or the connection threw. */
function faultOf(error: unknown): SitemapFault {
  const reason = reasonOf(error);
  const isTorn = /unexpected end|unclosed tag|terminated|aborted|premature|incorrect data/i.test(
    String(error),
  );
  return new SitemapFault(
    isTorn ? `it is cut off or broken (${reason})` : reason,
    'try again; if it stays so, the site has to mend its sitemap',
    error,
  );
}
