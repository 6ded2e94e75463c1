/** Where pages like the one that was looked at come from, as its site and its links say. */
import type { FoundPage } from './found.js';
import type { SitemapFind } from './site.js';
import type { ProposedDiscover } from './source.js';
import { hrefPart, isOfShape, shapeAmong, shapePattern } from './url-shape.js';

export interface DiscoverFor {
  proposed: ProposedDiscover;
  /** Other pages of the kind. */
  pages: string[];
}

const MOST_PAGES = 12;

export function discoverFor(
  { url, links }: FoundPage,
  { sitemap, isList }: { sitemap: SitemapFind | undefined; isList: boolean },
): DiscoverFor {
  const { origin } = new URL(url);
  const own = links
    .filter((link) => link.url.startsWith(`${origin}/`))
    .map((link) => withoutFragment(link.url));
  const next = links.filter(({ rel }) => /\bnext\b/.test(rel)).map((link) => link.url);
  const nextSelector = links.some(({ rel }) => /^a\b.*\bnext\b/.test(rel))
    ? ['a[rel~="next"]']
    : links.some(({ rel }) => /^link\b.*\bnext\b/.test(rel))
      ? ['link[rel~="next"]']
      : [];
  const follow = isList ? nextSelector : [];
  if (sitemap !== undefined) {
    const { shape, pages } = sitemap;
    return {
      proposed: {
        urls: [],
        sitemap: { url: sitemap.url, include: shape === undefined ? undefined : shapePattern(shape) },
        follow,
      },
      pages,
    };
  }
  const nextHere = next.filter((one) => one.startsWith(`${origin}/`)).map(withoutFragment);
  const shape = isList ? undefined : shapeAmong(withoutFragment(url), own);
  const part = shape === undefined ? undefined : hrefPart(shape);
  const alike = shape === undefined ? [] : own.filter((one) => isOfShape(one, shape));
  const byShape = part === undefined ? [] : [`a[href*=${cssString(part)}]`];
  return {
    proposed: { urls: [url], sitemap: undefined, follow: isList ? follow : byShape },
    pages: [...new Set(isList ? nextHere : alike)].slice(0, MOST_PAGES),
  };
}

function withoutFragment(url: string): string {
  return url.replace(/#.*$/, '');
}

function cssString(text: string): string {
  return `"${text.replace(/["\\\p{Cc}]/gu, (one) => `\\${one.charCodeAt(0).toString(16)} `)}"`;
}
