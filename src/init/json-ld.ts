/** JSON-LD: which items a page describes with it, and what of them can be columns. */

export type LdItem = Record<string, unknown>;

/** A value of an item, by the names that lead to it. */
export interface LdField {
  name: string;
  path: string[];
  kind: 'text' | 'number' | 'date' | 'boolean' | 'list';
}

/** Where items lie within others; what a written target looks through too. */
export const LD_HOLDERS = ['@graph', 'itemListElement', 'item', 'mainEntity'] as const;
export const LD_DEPTH = 8;

const MOST_ITEMS = 500;
const MOST_FIELDS = 30;
const DEEPEST_FIELD = 3;
/** About the site, or parts of something else. */
const NO_ROWS = new Set(
  `WebSite WebPage CollectionPage ItemPage AboutPage ContactPage SearchResultsPage ItemList OfferCatalog BreadcrumbList ListItem Organization
   Corporation OnlineStore SearchAction ReadAction EntryPoint ImageObject SiteNavigationElement ContactPoint
   PostalAddress Offer AggregateOffer AggregateRating Brand Person Review Rating FAQPage Question Answer WPHeader WPFooter
   SpeakableSpecification PropertyValue`.split(/\s+/),
);
const NUMBERS =
  /^(?:price|lowPrice|highPrice|ratingValue|reviewCount|ratingCount|offerCount|bestRating|worstRating|position|numberOfPages|latitude|longitude|commentCount|wordCount)$/;
const DATES = /^(?:date[A-Z]\w*|\w+Date|uploadDate|validFrom|validThrough|priceValidUntil)$/;
/** Names that are better shorter than their paths. */
const SHORT: Record<string, string> = {
  'offers.price': 'price',
  'offers.lowPrice': 'lowPrice',
  'offers.highPrice': 'highPrice',
  'offers.priceCurrency': 'currency',
  'offers.priceSpecification.price': 'price',
  'offers.priceSpecification.priceCurrency': 'currency',
  'offers.availability': 'availability',
  'brand.name': 'brand',
  'author.name': 'author',
  'publisher.name': 'publisher',
  'manufacturer.name': 'manufacturer',
  'hiringOrganization.name': 'company',
  'location.name': 'location',
  'aggregateRating.ratingValue': 'rating',
  'aggregateRating.reviewCount': 'reviewCount',
  'aggregateRating.ratingCount': 'ratingCount',
  'image.url': 'image',
};
/** Of what stands within an item only this is taken. */
const WITHIN =
  /^(?:name|price|lowPrice|highPrice|priceCurrency|availability|ratingValue|reviewCount|ratingCount|url|address\w*|streetAddress|postalCode|latitude|longitude|value|offerCount)$/;

/** The items of each type, those of lists and graphs included; texts that are no JSON count for nothing. */
export function ldItems(texts: readonly string[]): Map<string, LdItem[]> {
  const found = new Map<string, LdItem[]>();
  let count = 0;
  const visit = (value: unknown, depth: number): void => {
    if (depth > LD_DEPTH || typeof value !== 'object' || value === null || count > MOST_ITEMS) return;
    if (Array.isArray(value)) {
      for (const one of value) visit(one, depth + 1);
      return;
    }
    const item = value as LdItem;
    for (const type of [item['@type']].flat()) {
      if (typeof type !== 'string' || type.length > 100) continue;
      count += 1;
      found.set(type, [...(found.get(type) ?? []), item]);
    }
    for (const name of LD_HOLDERS) if (Object.hasOwn(item, name)) visit(item[name], depth + 1);
  };
  for (const text of texts) {
    try {
      visit(JSON.parse(text), 0);
    } catch {
      // no JSON, or nested beyond all measure
    }
  }
  return found;
}

/** Whether items of a type can be rows: not the site, its navigation, or a part of something. */
export function isRowType(type: string): boolean {
  return !NO_ROWS.has(type.replace(/^.*[/#:]/, ''));
}

/** What the items have, each name once; as far as these items say. */
export function ldFields(items: readonly LdItem[]): LdField[] {
  const fields = new Map<string, LdField>();
  const visit = (value: unknown, path: string[]): void => {
    const one = Array.isArray(value) ? value[0] : value;
    const last = path.at(-1) ?? '';
    if (typeof one === 'object' && one !== null) {
      if (path.length >= DEEPEST_FIELD) return;
      for (const [name, inner] of Object.entries(one)) {
        if (!/^[A-Za-z]\w{0,39}$/.test(name) || name in Object.prototype) continue;
        const isLeaf = typeof (Array.isArray(inner) ? inner[0] : inner) !== 'object';
        if (path.length === 0 || !isLeaf || WITHIN.test(name)) visit(inner, [...path, name]);
      }
      return;
    }
    const kind = kindOf(value, one, last);
    const name = nameOf(path);
    if (kind === undefined || name === undefined) return;
    const key = name.toLowerCase();
    if (!fields.has(key) && fields.size < MOST_FIELDS) fields.set(key, { name, path, kind });
  };
  for (const item of items.slice(0, 30)) visit(item, []);
  return [...fields.values()];
}

/** The value at a path; of lists on the way the first. */
export function ldValue(item: LdItem, path: readonly string[]): unknown {
  let value: unknown = item;
  for (const step of path) {
    const one: unknown = Array.isArray(value) ? value[0] : value;
    value = typeof one === 'object' && one !== null ? (one as LdItem)[step] : undefined;
  }
  return value;
}

function kindOf(value: unknown, first: unknown, name: string): LdField['kind'] | undefined {
  if (
    Array.isArray(value) &&
    value.length > 1 &&
    name !== 'image' &&
    value.every((one) => typeof one === 'string')
  )
    return 'list';
  if (typeof first === 'boolean') return 'boolean';
  if (typeof first === 'number') return 'number';
  if (typeof first !== 'string' || first.trim() === '') return undefined;
  if (NUMBERS.test(name) && /^\s*-?\d+(?:\.\d+)?\s*$/.test(first)) return 'number';
  if (DATES.test(name) && /^\d{4}-\d\d-\d\d/.test(first) && !Number.isNaN(Date.parse(first))) return 'date';
  return 'text';
}

function nameOf(path: readonly string[]): string | undefined {
  const short = SHORT[path.join('.')];
  if (short !== undefined) return short;
  const [first = '', ...rest] = path;
  const name = `${first}${rest.map((step) => step.charAt(0).toUpperCase() + step.slice(1)).join('')}`;
  return /^[A-Za-z][A-Za-z0-9]{0,39}$/.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : undefined;
}
