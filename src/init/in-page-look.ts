/** One look at a page, in the page: sent there as its own source text, so it refers to nothing outside itself. */
import type { FoundField, FoundLink, FoundMeta, FoundPage, FoundRows, LookBounds } from './found.js';
import type { FactFinder } from './in-page-facts.js';
import type { Group } from './in-page-groups.js';
import type { Naming } from './in-page-names.js';
import type { SelectorMaker } from './in-page-selectors.js';

export interface LookParts {
  naming: Naming;
  selectors: SelectorMaker;
  facts: FactFinder;
  groups: Group[];
}

export function lookInPage({ naming, selectors, facts, groups }: LookParts, bounds: LookBounds): FoundPage {
  const NOTHING: ReadonlySet<Element> = new Set();
  const LOOKED_AT = 12;
  const RELATED = ['related', 'recommend', 'similar', 'upsell', 'up-sell', 'cross-sell', 'also-', 'recently']
    .flatMap((word) => [`[class*="${word}" i]`, `[id*="${word}" i]`])
    .join(', ');

  /** Fields of several elements alike: what enough of them have, by the selector that finds it in most. */
  const fieldsOfAll = (members: readonly Element[], onlyItemprop: boolean): FoundField[] => {
    const some = members.slice(0, LOOKED_AT);
    const counted = new Map<string, { field: FoundField; count: number }>();
    for (const root of some) {
      const own = facts.factsOf(
        { scope: root, root, prefix: undefined, without: NOTHING, onlyItemprop, isRow: true },
        bounds.fields,
      );
      for (const field of own) {
        const key = `${field.name.toLowerCase()} ${field.select} ${field.attribute}`;
        const known = counted.get(key);
        if (known === undefined) counted.set(key, { field, count: 1 });
        else {
          known.count += 1;
          known.field.all ||= field.all;
        }
      }
    }
    const best = new Map<string, { field: FoundField; count: number }>();
    for (const one of counted.values()) {
      const name = one.field.name.toLowerCase();
      const other = best.get(name);
      if (other === undefined || one.count > other.count) best.set(name, one);
    }
    return [...best.values()].filter(({ count }) => count >= some.length * 0.25).map(({ field }) => field);
  };

  /** The element that the page is about: around its heading, with a name of its own. */
  const aboutOf = (): Element | undefined => {
    const NAMES_IT = /^data-(?:[a-z]+-)?(?:id|sku|code|slug|asin|key|product|article|item)$/;
    const CALLS_IT =
      /^(?:h-)?(?:product|item|listing|article|recipe|event|job|book|movie|property|vehicle|offer)(?:-(?:details?|page|main|single|view|\d+))?$/i;
    const heading = document.querySelector('main h1, [role="main"] h1, article h1, h1');
    for (let above = heading?.parentElement; above && above !== document.body; above = above.parentElement) {
      const isNamed = [...above.attributes].some(({ name, value }) => NAMES_IT.test(name) && value !== '');
      const isCalled = [...naming.classesOf(above), above.id].some((token) => CALLS_IT.test(token));
      if (isNamed || isCalled || above.tagName === 'ARTICLE' || above.hasAttribute('itemscope')) return above;
    }
    return undefined;
  };
  const about = aboutOf();

  const weightOf = ({ count, fields }: FoundRows): number =>
    Math.sqrt(Math.min(count, 40)) * fields.reduce((sum, { by }) => sum + (by === 'place' ? 0.4 : 1), 0);

  const repeated = (): FoundRows[] => {
    const byRichness = [...groups].sort(
      (a, b) =>
        Math.sqrt(Math.min(b.members.length, 40)) * Math.min(b.richness, 12) -
        Math.sqrt(Math.min(a.members.length, 40)) * Math.min(a.richness, 12),
    );
    const seen = new Set<string>();
    const rows: FoundRows[] = [];
    for (const { members } of byRichness) {
      if (rows.length === bounds.groups) break;
      const selector = selectors.ofAll(members);
      if (seen.has(selector)) continue;
      seen.add(selector);
      const fields = fieldsOfAll(members, false);
      const isBeside =
        about !== undefined &&
        !members.some((one) => one.contains(about)) &&
        members.every((one) => !about.contains(one) || one.closest(RELATED) !== null);
      rows.push({
        source: 'repeated',
        rows: selector,
        type: null,
        count: members.length,
        fields,
        root: null,
        isBeside,
      });
    }
    return rows.sort((a, b) => weightOf(b) - weightOf(a));
  };

  const microdata = (): FoundRows[] => {
    const byType = new Map<string, Element[]>();
    for (const element of [...document.querySelectorAll('[itemscope][itemtype]')].slice(0, 500)) {
      const type = element.getAttribute('itemtype') ?? '';
      if (
        element.hasAttribute('itemprop') &&
        !/itemListElement|mainEntity/.test(element.getAttribute('itemprop') ?? '')
      )
        continue;
      if (type.length < 200) byType.set(type, [...(byType.get(type) ?? []), element]);
    }
    return [...byType].slice(0, 12).map(([type, members]) => {
      const rows = selectors.ofAll(members);
      return {
        source: 'microdata',
        rows,
        type,
        count: members.length,
        fields: fieldsOfAll(members, true),
        root: null,
        isBeside: false,
      };
    });
  };

  /** The element that the page is about, and what stands in it that is not repeated. */
  const single = (): FoundRows => {
    const root = about ?? document.querySelector('main, [role="main"]') ?? document.body;
    const isMain = root === document.body;
    const without = new Set<Element>(isMain ? document.querySelectorAll('header, footer') : []);
    for (const { members, richness } of groups)
      if (richness >= 3 && !members.some((one) => one.contains(root)))
        for (const one of members) without.add(one);
    for (const trail of document.querySelectorAll(
      '[class*="breadcrumb" i], [class*="cookie" i], [id*="cookie" i]',
    ))
      if (!trail.contains(root)) without.add(trail);
    const prefix = isMain ? 'body' : selectors.ofAll([root]);
    const fields = facts.factsOf(
      { scope: document, root, prefix, without, onlyItemprop: false, isRow: false },
      bounds.fields,
    );
    return {
      source: 'page',
      rows: null,
      type: null,
      count: 1,
      fields,
      root: about === undefined ? null : prefix,
      isBeside: false,
    };
  };

  const meta = (): FoundMeta[] => {
    const WANTED =
      /^(?:og:(?:title|description|image|url|type|site_name|price:amount|price:currency)|(?:product|article|book|video|profile):[\w:]+|description|author|keywords|date|pubdate)$/;
    const found = new Map<string, FoundMeta>();
    for (const element of [...document.querySelectorAll('meta[property], meta[name]')].slice(0, 300)) {
      for (const attribute of ['property', 'name']) {
        const name = element.getAttribute(attribute) ?? '';
        const content = element.getAttribute('content')?.trim() ?? '';
        if (!WANTED.test(name) || content === '' || found.has(name)) continue;
        found.set(name, {
          name,
          select: `meta[${attribute}="${name}"]`,
          attribute: null,
          content: content.slice(0, 300),
        });
      }
    }
    const canonical = document.querySelector('link[rel="canonical"][href]');
    if (canonical !== null)
      found.set('canonical', {
        name: 'canonical',
        select: 'link[rel="canonical"]',
        attribute: 'href',
        content: (canonical.getAttribute('href') ?? '').slice(0, 300),
      });
    return [...found.values()].slice(0, 40);
  };

  const links = (): FoundLink[] => {
    const found = new Map<string, FoundLink>();
    for (const element of document.querySelectorAll('a[href], link[rel="next"][href]')) {
      if (found.size >= bounds.links) break;
      try {
        const url = new URL(element.getAttribute('href') ?? '', document.baseURI);
        if (!/^https?:$/.test(url.protocol) || url.href.length > 500) continue;
        const rel = (element.getAttribute('rel') ?? '').slice(0, 40);
        if (!found.has(url.href) || rel !== '')
          found.set(url.href, { url: url.href, rel: `${element.localName} ${rel}` });
      } catch {
        // no URL
      }
    }
    return [...found.values()];
  };

  const jsonLd = [...document.querySelectorAll('script[type="application/ld+json" i]')]
    .slice(0, bounds.jsonLdTexts)
    .map((script) => script.textContent ?? '')
    .filter((text) => text.length <= bounds.jsonLdCharacters);

  return {
    url: location.href,
    title: document.title.slice(0, 300),
    jsonLd,
    meta: meta(),
    rows: [...microdata(), ...repeated(), single()],
    links: links(),
  };
}
