/** What a site says of itself: its rules, and the sitemap that names pages like the one that was given. */
import { setTimeout as delay } from 'node:timers/promises';
import { isOwnSite } from '../../browser-pool/index.js';
import type { Robots } from '../discovery/robots.js';
import { readSitemaps } from '../discovery/sitemap.js';
import { ThreshError } from '../errors.js';
import { commonShape, isOfShape, shapeAmong, type UrlShape } from './url-shape.js';

export interface SitemapFind {
  url: string;
  /** What its pages of the kind share; undefined: it is of one kind only, or of none. */
  shape: UrlShape | undefined;
  /** Some pages of the kind, from all over what was read. */
  pages: string[];
  /** Pages of the kind in what was read. */
  count: number;
  /** It was not read to its end. */
  isCut: boolean;
}

export interface SiteOptions {
  userAgent: string;
  signal: AbortSignal;
}

const MOST_SITEMAPS = 3;
const MOST_ENTRIES = 20_000;
const READ_LIMIT_MS = 15_000;
/** A site that asks for longer waits is looked at less. */
const LONG_DELAY_MS = 5_000;

/** The first sitemap, of those that robots.txt names and `/sitemap.xml`, with pages of the shape of this one. */
export async function findSitemap(
  page: string,
  robots: Robots,
  options: SiteOptions,
): Promise<SitemapFind | undefined> {
  const { origin } = new URL(page);
  const named = (await robots.sitemaps(origin)).filter((url) => isOwnSite(url, page, []));
  for (const url of [...new Set([...named.slice(0, MOST_SITEMAPS), `${origin}/sitemap.xml`])]) {
    const own = { ...options, leadsTo: (part: string) => isOwnSite(part, page, []) };
    const read = await readSome(url, own).catch(() => undefined);
    options.signal.throwIfAborted();
    if (read === undefined) continue;
    const shape = shapeAmong(page, read.urls);
    if (shape !== undefined) return findOf(url, shape, read);
  }
  return undefined;
}

/** Of a sitemap the pages that it has most of. Throws DISCOVERY_FAILED. */
export async function lookIntoSitemap(url: string, options: SiteOptions): Promise<SitemapFind> {
  const read = await readSome(url, options);
  const shape = commonShape(read.urls);
  if (shape !== undefined) return findOf(url, shape, read);
  if (read.urls.length === 0) throw nothingIn(url);
  return { url, shape, pages: spread(read.urls), count: read.urls.length, isCut: read.isCut };
}

/** Waits as long as robots.txt asks for between two pages. */
export async function waitTurn(robots: Robots, origin: string, signal: AbortSignal): Promise<void> {
  const waitMs = await robots.crawlDelayMs(origin);
  if (waitMs !== undefined) await delay(waitMs, undefined, { signal });
}

/** How many pages are looked at, the given one among them. */
export async function pagesToLookAt(robots: Robots, origin: string, most: number): Promise<number> {
  return ((await robots.crawlDelayMs(origin)) ?? 0) > LONG_DELAY_MS ? 1 : most;
}

interface Read {
  urls: string[];
  isCut: boolean;
}

interface ReadOptions extends SiteOptions {
  /** A site's index may name what is not of the site: that is not asked. */
  leadsTo?: (url: string) => boolean;
}

async function readSome(url: string, { signal, ...options }: ReadOptions): Promise<Read> {
  const limit = AbortSignal.timeout(READ_LIMIT_MS);
  const urls: string[] = [];
  try {
    for await (const entry of readSitemaps([url], AbortSignal.any([signal, limit]), options)) {
      if (/^https?:/.test(entry.url) && URL.canParse(entry.url)) urls.push(new URL(entry.url).href);
      if (urls.length >= MOST_ENTRIES) return { urls, isCut: true };
    }
    return { urls, isCut: false };
  } catch (error) {
    signal.throwIfAborted();
    if (urls.length === 0) throw error;
    return { urls, isCut: true };
  }
}

function findOf(url: string, shape: UrlShape, { urls, isCut }: Read): SitemapFind {
  const alike = urls.filter((one) => isOfShape(one, shape));
  const isAll = alike.length === urls.length && !isCut;
  return { url, shape: isAll ? undefined : shape, pages: spread(alike), count: alike.length, isCut };
}

/** A few from the beginning, the middle and the end. */
function spread(urls: readonly string[]): string[] {
  const places = [0, 0.5, 1, 0.25, 0.75, 0.1, 0.9, 0.4, 0.6].map((share) =>
    Math.floor(share * (urls.length - 1)),
  );
  return [...new Set(places.map((at) => urls[at]).filter((one) => one !== undefined))];
}

function nothingIn(url: string): ThreshError {
  return new ThreshError(`${url} names no page`, { code: 'DISCOVERY_FAILED', scope: 'batch' });
}
