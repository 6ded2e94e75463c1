/** The pages that a target's `discover` names, one after the other, whatever form it has. */
import { isThreshError, reasonOf, ThreshError } from '../errors.js';
import type { Discover, PageRequest, SitemapSource } from '../target/definition.js';
import { readSitemaps } from './sitemap.js';

export interface DiscoverOptions {
  signal?: AbortSignal | undefined;
  /** Sent with the requests for sitemaps. */
  userAgent?: string | undefined;
}

/** Throws DISCOVERY_FAILED. */
export async function* discover(
  source: Discover,
  { signal, userAgent }: DiscoverOptions = {},
): AsyncGenerator<PageRequest> {
  if (isSitemap(source)) {
    yield* fromSitemap(source, { signal, userAgent });
    return;
  }
  let count = 0;
  try {
    for await (const entry of typeof source === 'function' ? source() : source) {
      count += 1;
      const request = typeof entry === 'string' ? { url: entry } : entry;
      if (typeof request?.url !== 'string' || !URL.canParse(request.url) || !/^https?:/i.test(request.url)) {
        throw failed(
          `page ${count} is not an http(s) URL: ${JSON.stringify(request?.url ?? entry)?.slice(0, 200)}`,
        );
      }
      yield request;
    }
  } catch (error) {
    if (isThreshError(error) || signal?.aborted === true) throw error;
    throw failed(`discover threw after ${count} pages: ${reasonOf(error)}`, error);
  }
}

async function* fromSitemap(
  { urls, options }: SitemapSource,
  { signal, userAgent }: DiscoverOptions,
): AsyncGenerator<PageRequest> {
  const include = patternsOf(options.include);
  const exclude = patternsOf(options.exclude);
  const since = options.since === undefined ? undefined : new Date(options.since).getTime();
  for await (const { url, lastmod } of readSitemaps(urls, signal, { userAgent })) {
    if (!/^https?:/.test(url)) continue;
    if (include.length > 0 && !include.some((pattern) => matches(pattern, url))) continue;
    if (exclude.some((pattern) => matches(pattern, url))) continue;
    if (since !== undefined && lastmod !== undefined && Date.parse(lastmod) < since) continue;
    const label = typeof options.label === 'function' ? options.label(url) : options.label;
    yield {
      url,
      ...(label === undefined ? {} : { label }),
      ...(lastmod === undefined ? {} : { lastmod }),
    };
  }
}

/** A pattern with the flag g or y would remember where it stopped. */
function matches(pattern: RegExp, url: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(url);
}

function patternsOf(patterns: RegExp | readonly RegExp[] | undefined): readonly RegExp[] {
  return patterns === undefined ? [] : patterns instanceof RegExp ? [patterns] : patterns;
}

function isSitemap(source: Discover): source is SitemapSource {
  return (source as { kind?: unknown }).kind === 'sitemap';
}

function failed(message: string, cause?: unknown): ThreshError {
  return new ThreshError(message, {
    code: 'DISCOVERY_FAILED',
    scope: 'batch',
    mend: 'mend `discover` in the target',
    cause,
  });
}
