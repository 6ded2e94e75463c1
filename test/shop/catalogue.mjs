// @ts-check
/**
 * The shop's catalogue and the truth about it. Nothing is stored: product page `n` is computed from the seed and `n`
 * alone, so a page shows the same whatever the catalogue's size is, and a million of them cost nothing.
 *
 * One page in a hundred is a second page of a product that another page shows too, at another price: of every
 * hundred, number 57 shows the product of number 17 (so the second page is the later one) or, in every other
 * hundred, of number 73 (so it is the earlier one). Of two pages with one sku the one later in the sitemap wins.
 */
import { awkwardnessAt, longText, richExtras, spoiledTitles } from './awkward.mjs';
import { Dice, hashOf } from './dice.mjs';
import { categories, colours, currencies, makers, manners, materials, sentences, tags } from './words.mjs';

/** @typedef {import('./awkward.mjs').Refusal} Refusal */

/**
 * What one product page shows.
 * @typedef {object} Product
 * @property {number} number of the page, from 0
 * @property {string} slug the page is `/p/SLUG`
 * @property {string} sku the row's key
 * @property {string} title
 * @property {number | string | null} price positive where the row is valid
 * @property {'EUR' | 'USD' | 'GBP'} currency
 * @property {string} category
 * @property {string[]} tags
 * @property {Specs} specs
 * @property {number | null} rating 1 to 5 in tenths; null: not yet rated
 * @property {number} stock whole where the row is valid
 * @property {string | null} listedAt ISO 8601 with milliseconds, UTC; null: not known
 * @property {string} updatedAt ISO 8601, the sitemap's `lastmod`
 * @property {string} description
 */

/** @typedef {{ material: string, weightGrams: number, dimensions: { widthMm: number, heightMm: number, depthMm: number }, extra: Record<string, string> }} Specs */

/**
 * A row as a target that reads the whole page must deliver it. Absent values are absent, `listedAt` is a Date.
 * @typedef {object} Row
 * @property {string} sku
 * @property {string} title
 * @property {number | string | undefined} price
 * @property {string} currency
 * @property {string} category
 * @property {boolean} available
 * @property {number} stock
 * @property {number} [rating]
 * @property {string[]} tags
 * @property {Specs} specs
 * @property {Date} [listedAt]
 * @property {string} description
 */

/**
 * @typedef {object} ExpectedRows
 * @property {number} pages product pages in the catalogue
 * @property {number} validRows rows that the schema takes, duplicates included
 * @property {number} distinctValidKeys rows that must be delivered
 * @property {number} duplicates valid rows that lose to another of the same key
 * @property {number} refusedRows
 * @property {Record<Refusal, number>} refused rows by reason
 * @property {Map<string, number>} winners for each valid sku the number of the page whose row wins
 */

const perHundred = { second: 57, earlier: 17, later: 73 };
const dayMs = 86_400_000;
const firstDay = Date.UTC(2024, 0, 1);
const firstUpdate = Date.UTC(2026, 5, 1);

/** Cards of one listing page. */
export const cardsPerPage = 24;

/** Order numbers of the account section run from 1 to this. */
export const accountOrders = 40;

/**
 * @param {Product} product
 * @returns {Refusal | undefined} why the schema must refuse the row
 */
export function refusalOf(product) {
  if (product.price === null) return 'missing-price';
  if (typeof product.price !== 'number') return 'text-price';
  if (product.price <= 0) return 'negative-price';
  if (!Number.isInteger(product.stock)) return 'part-stock';
  return undefined;
}

/**
 * @param {Product} product
 * @returns {boolean} whether the row passes the demo target's schema
 */
export function isValid(product) {
  return refusalOf(product) === undefined;
}

/**
 * @param {Product} product
 * @returns {Row} what must be read from the product's page
 */
export function rowOf(product) {
  return {
    sku: product.sku,
    title: product.title,
    price: product.price ?? undefined,
    currency: product.currency,
    category: product.category,
    available: product.stock > 0,
    stock: product.stock,
    ...(product.rating === null ? {} : { rating: product.rating }),
    tags: product.tags,
    specs: product.specs,
    ...(product.listedAt === null ? {} : { listedAt: new Date(product.listedAt) }),
    description: product.description,
  };
}

/**
 * An order of the account section.
 * @param {number} number from 1 to `accountOrders`
 */
export function orderAt(number) {
  const dice = new Dice(7, number);
  return {
    order: `ORD-${String(number).padStart(5, '0')}`,
    total: dice.whole(500, 50_000) / 100,
    placedAt: new Date(firstDay + dice.whole(0, 900) * dayMs + dice.whole(0, dayMs - 1)).toISOString(),
    lines: dice.whole(1, 6),
  };
}

/**
 * @param {number} seed
 * @param {number} number
 */
function skuOf(seed, number) {
  const check = hashOf(seed ^ 0x5ca1ab1e, number);
  const letters = String.fromCharCode(65 + (check % 26), 65 + ((check >>> 8) % 26));
  return `TH-${String(number).padStart(7, '0')}-${letters}`;
}

/**
 * The number whose product is shown, for page `number`: its own but for the second pages.
 * @param {number} number
 */
function shownNumber(number) {
  if (number % 100 !== perHundred.second) return number;
  const hundred = number - perHundred.second;
  return hundred + ((hundred / 100) % 2 === 0 ? perHundred.earlier : perHundred.later);
}

/**
 * @param {number} seed
 * @param {number} number
 */
function slugOf(seed, number) {
  const shown = shownNumber(number);
  return shown === number ? skuOf(seed, number) : `${skuOf(seed, shown)}-v2`;
}

/**
 * The truth about a catalogue.
 * @param {{ seed?: number, products?: number, repriced?: import('./settings.mjs').Settings['repriced'], lastmod?: string | null }} [options]
 *   `seed` default 1; `products` (product pages) default 1,200; `repriced` and `lastmod` default null
 */
export function createCatalogue({ seed = 1, products = 1200, repriced = null, lastmod = null } = {}) {
  /** @param {number} number */
  function isRepriced(number) {
    return repriced !== null && number % repriced.every === (repriced.from ?? 0);
  }

  /** @param {number} number */
  function updatedAt(number) {
    const at = isRepriced(number) ? repriced?.at : undefined;
    return at ?? lastmod ?? baseAt(shownNumber(number)).updatedAt;
  }

  /** @param {number} number */
  function baseAt(number) {
    const dice = new Dice(seed, number);
    const category = /** @type {typeof categories[number]} */ (categories[number % categories.length]);
    const material = dice.pick(materials);
    const title = `${dice.pick(manners)} ${material} ${dice.pick(category.nouns)} No. ${number}`;
    const tagCount = dice.whole(1, 4);
    const firstTag = dice.whole(0, tags.length - 1);
    return {
      title,
      cents: Math.round(200 * 400 ** dice.fraction()),
      currency: dice.pick(currencies),
      category: category.slug,
      tags: Array.from(
        { length: tagCount },
        (_, at) => /** @type {string} */ (tags[(firstTag + at * 3) % tags.length]),
      ),
      specs: {
        material,
        weightGrams: dice.whole(40, 12_000),
        dimensions: {
          widthMm: dice.whole(20, 900),
          heightMm: dice.whole(20, 900),
          depthMm: dice.whole(5, 600),
        },
        extra: /** @type {Record<string, string>} */ ({
          Colour: dice.pick(colours),
          Maker: dice.pick(makers),
          Guarantee: `${dice.whole(1, 10)} years`,
        }),
      },
      rating: /** @type {number | null} */ (dice.whole(10, 50) / 10),
      stock: dice.fraction() < 0.1 ? 0 : dice.whole(1, 250),
      listedAt: /** @type {string | null} */ (
        new Date(firstDay + dice.whole(0, 880) * dayMs + dice.whole(0, dayMs - 1)).toISOString()
      ),
      updatedAt: new Date(
        firstUpdate + dice.whole(0, 170) * dayMs + dice.whole(0, 86_399) * 1000,
      ).toISOString(),
      description: `${title}. ${dice.pick(sentences)} ${dice.pick(sentences)} ${dice.pick(sentences)}`,
    };
  }

  /**
   * What page `number` shows; it need not be below the catalogue's size.
   * @param {number} number
   * @returns {Product}
   */
  function productAt(number) {
    const shown = shownNumber(number);
    const { cents, ...base } = baseAt(shown);
    /** @type {Product} */
    const product = {
      number,
      slug: slugOf(seed, number),
      sku: skuOf(seed, shown),
      price: cents / 100,
      ...base,
    };
    if (shown !== number) {
      product.title = `${product.title} (second page)`;
      product.price = (cents + 1 + (hashOf(seed, number) % 500)) / 100;
    }
    const kind = awkwardnessAt(seed, number);
    switch (kind) {
      case undefined:
        break;
      case 'missing-price':
        product.price = null;
        break;
      case 'negative-price':
        product.price = -cents / 100;
        break;
      case 'text-price':
        product.price = 'call us';
        break;
      case 'part-stock':
        product.stock = product.stock + 0.5;
        break;
      case 'long-text':
        product.description = longText(product.title);
        break;
      case 'rich-specs':
        Object.assign(product.specs.extra, richExtras());
        break;
      case 'no-tags':
        product.tags = [];
        break;
      case 'no-rating':
        product.rating = null;
        break;
      case 'no-date':
        product.listedAt = null;
        break;
      default:
        product.title = spoiledTitles[kind](product.title);
    }
    if (isRepriced(number) && typeof product.price === 'number')
      product.price = Math.round(product.price * 100 + 100) / 100;
    return product;
  }

  /**
   * @param {string} slug
   * @returns {number | undefined} the number of the page `/p/SLUG`, if the catalogue has it
   */
  function numberOf(slug) {
    const match = /^TH-(\d{7,})-[A-Z]{2}(-v2)?$/.exec(slug);
    if (!match) return undefined;
    const shown = Number(match[1]);
    const number = match[2] ? Math.floor(shown / 100) * 100 + perHundred.second : shown;
    return number < products && slugOf(seed, number) === slug ? number : undefined;
  }

  /**
   * Every product page in the order of the sitemap.
   * @returns {Generator<{ number: number, path: string, updatedAt: string }>}
   */
  function* pages() {
    for (let number = 0; number < products; number++) yield pageAt(number);
  }

  /** @param {number} number */
  function pageAt(number) {
    return { number, path: pathOf(number), updatedAt: updatedAt(number) };
  }

  /** @param {number} number */
  function pathOf(number) {
    return `/p/${slugOf(seed, number)}`;
  }

  /**
   * The products of one listing page; empty after the last.
   * @param {string} slug of the category
   * @param {number} page from 1
   * @returns {{ items: Product[], pages: number, total: number } | undefined} undefined: no such category
   */
  function listAt(slug, page) {
    const at = categories.findIndex((category) => category.slug === slug);
    if (at < 0) return undefined;
    const total = Math.max(0, Math.ceil((products - at) / categories.length));
    const first = (page - 1) * cardsPerPage;
    const length = Math.max(0, Math.min(cardsPerPage, total - first));
    const items = Array.from({ length }, (_, card) => productAt(at + (first + card) * categories.length));
    return { items, pages: Math.max(1, Math.ceil(total / cardsPerPage)), total };
  }

  /** @returns {ExpectedRows} */
  function expectedRows() {
    /** @type {Record<Refusal, number>} */
    const refused = { 'missing-price': 0, 'negative-price': 0, 'text-price': 0, 'part-stock': 0 };
    /** @type {Map<string, number>} */
    const winners = new Map();
    let validRows = 0;
    for (let number = 0; number < products; number++) {
      const product = productAt(number);
      const refusal = refusalOf(product);
      if (refusal) {
        refused[refusal]++;
        continue;
      }
      validRows++;
      winners.set(product.sku, number);
    }
    return {
      pages: products,
      validRows,
      distinctValidKeys: winners.size,
      duplicates: validRows - winners.size,
      refusedRows: products - validRows,
      refused,
      winners,
    };
  }

  return { seed, products, productAt, pageAt, pathOf, pages, numberOf, listAt, expectedRows };
}

/** @typedef {ReturnType<typeof createCatalogue>} Catalogue */
