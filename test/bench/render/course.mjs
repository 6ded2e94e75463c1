// @ts-check
/** What a contender has to render, and the truth about it: the shop's own catalogue. */
import { cardsPerPage, createCatalogue, isValid } from '../../shop/catalogue.mjs';
import { categories } from '../../shop/words.mjs';

/** @typedef {'detail' | 'list'} Kind */
/** @typedef {'load' | 'soft'} Lane how one comes to the next page: its document is loaded, or the application goes there */
/** @typedef {import('./rows-when-shown.mjs').Row} Row */

/** @typedef {{ path: string, ready: string, rows: Row[] }} CoursePage `ready`: stands only on this page when all of it is there */

/** Product pages of the shop. */
export const PRODUCTS = 25_000;

/** Of every hundred product pages this one shows the product of another one. */
const SECOND_PAGE = 57;

/**
 * The first `count` pages of a kind, each with rows that a schema takes and that no other page has.
 * @param {Kind} kind
 * @param {number} count
 * @returns {CoursePage[]}
 */
export function courseOf(kind, count) {
  const pages = kind === 'detail' ? details() : lists();
  const course = [...take(pages, count)];
  if (course.length < count) throw new Error(`the shop has only ${course.length} pages of the kind ${kind}`);
  return course;
}

const catalogue = createCatalogue({ products: PRODUCTS });

/** @returns {Generator<CoursePage>} */
function* details() {
  for (const { number, path } of catalogue.pages()) {
    const product = catalogue.productAt(number);
    if (number % 100 === SECOND_PAGE || !isValid(product)) continue;
    const { sku, title, price, currency, category, stock, rating, tags, specs, listedAt, slug } = product;
    const row = {
      sku,
      title: fold(title),
      price,
      currency,
      category,
      stock,
      ...(rating === null ? {} : { rating }),
      tags,
      material: specs.material,
      ...(listedAt === null ? {} : { listedAt }),
    };
    yield { path, ready: `article.product[data-slug="${slug}"]`, rows: [row] };
  }
}

/** @returns {Generator<CoursePage>} whole listing pages, those of all departments in turn */
function* lists() {
  for (let page = 1; page <= PRODUCTS / categories.length / cardsPerPage; page++) {
    for (const { slug: category } of categories) {
      const items = catalogue.listAt(category, page)?.items ?? [];
      const rows = items.map(({ slug, sku, title }) => ({ slug, sku, title: fold(title) }));
      const ready = `.list[data-category="${category}"][data-page="${page}"]`;
      yield { path: `/c/${category}?page=${page}`, ready, rows };
    }
  }
}

/**
 * Why these rows are not the course's, in words; undefined when they are. Which page comes first does not matter.
 * @param {readonly CoursePage[]} course
 * @param {ReadonlyMap<string, Row[]>} read by path
 * @returns {string | undefined}
 */
export function problemOf(course, read) {
  for (const { path, rows } of course) {
    const got = read.get(path);
    if (got === undefined) return `${path} was not read`;
    if (got.length !== rows.length) return `${path} gave ${got.length} rows instead of ${rows.length}`;
    for (const [at, row] of rows.entries()) {
      const wrong = differing(row, got[at] ?? {});
      if (wrong !== undefined)
        return `${path}, row ${at + 1}: ${wrong} is ${JSON.stringify(got[at]?.[wrong])} instead of ${JSON.stringify(row[wrong])}`;
    }
  }
  return read.size > course.length
    ? `${read.size - course.length} pages were read that nobody asked for`
    : undefined;
}

/** @param {Row} row @param {Row} got @returns {string | undefined} the name of a field */
function differing(row, got) {
  const names = new Set([...Object.keys(row), ...Object.keys(got)]);
  return [...names].find((name) => JSON.stringify(row[name]) !== JSON.stringify(got[name]));
}

/** @param {string} text */
function fold(text) {
  return text.replace(/\s+/g, ' ').trim();
}

/** @template T @param {Iterable<T>} all @param {number} count */
function* take(all, count) {
  let left = count;
  for (const one of all) {
    if (left-- <= 0) return;
    yield one;
  }
}
