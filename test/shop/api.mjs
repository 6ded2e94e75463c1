// @ts-check
/** The JSON that the front end renders from. */
import { serveLogin, serveLogout, serveOrder, serveOrders } from './account.mjs';
import { queryNumber, sendJson } from './exchange.mjs';
import { serveGraphql } from './graphql.mjs';
import { isBelieved, isLetIn, serveToken } from './guard.mjs';
import { categories } from './words.mjs';

/** @typedef {import('./exchange.mjs').Shop} Shop */
/** @typedef {import('./exchange.mjs').Exchange} Exchange */

const mostItems = 100;
let restlessStock = 0;

/** @type {[RegExp, (shop: Shop, exchange: Exchange, parameter: string) => void | Promise<void>][]} */
const routes = [
  [/^\/api\/products\/([^/]+)$/, serveProduct],
  [/^\/api\/products\/([^/]+)\/more$/, serveMore],
  [/^\/api\/categories$/, serveCategories],
  [/^\/api\/categories\/([^/]+)$/, serveCategory],
  [/^\/api\/graphql$/, serveGraphql],
  [/^\/api\/items\/(virtual|infinite)$/, serveItems],
  [/^\/api\/token$/, serveToken],
  [/^\/api\/login$/, serveLogin],
  [/^\/api\/logout$/, serveLogout],
  [/^\/api\/account\/orders$/, serveOrders],
  [/^\/api\/account\/orders\/(\d{1,6})$/, serveOrder],
];

/** @type {import('./exchange.mjs').Section} */
export function serveApi(shop, exchange) {
  for (const [path, serve] of routes) {
    const match = path.exec(exchange.url.pathname);
    if (match) return serve(shop, exchange, match[1] ?? '');
  }
  sendJson(exchange, 404, { error: 'no such resource' });
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 * @param {string} slug
 */
function serveProduct(shop, exchange, slug) {
  const { catalogue, settings } = shop;
  if (!isLetIn(shop, exchange)) return;
  const number = catalogue.numberOf(slug);
  exchange.renders = number ?? `/p/${slug}`;
  if (number === undefined) return sendJson(exchange, 404, { error: 'no such product' });
  const { stock: _, number: __, ...product } = catalogue.productAt(number);
  if (!settings.nested) return sendJson(exchange, 200, product);
  const { price, currency, ...rest } = product;
  sendJson(exchange, 200, { ...rest, currency, offer: { price } });
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 * @param {string} slug
 */
function serveMore(shop, exchange, slug) {
  const { catalogue, settings } = shop;
  if (!isLetIn(shop, exchange)) return;
  const number = catalogue.numberOf(slug);
  if (number === undefined) return sendJson(exchange, 404, { error: 'no such product' });
  const recommendations = [97, 194, 291, 388].map((step) =>
    cardOf(catalogue.productAt((number + step) % catalogue.products)),
  );
  const { stock } = settings.restless ? { stock: restlessStock++ } : catalogue.productAt(number);
  sendJson(exchange, 200, { stock: isBelieved(shop, exchange) ? stock : stock + 1, recommendations });
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 */
function serveCategories({ catalogue }, exchange) {
  exchange.renders = '/';
  sendJson(
    exchange,
    200,
    categories.map(({ slug, name }) => ({ slug, name, total: catalogue.listAt(slug, 1)?.total })),
  );
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 * @param {string} slug
 */
function serveCategory({ catalogue }, exchange, slug) {
  const page = queryNumber(exchange, 'page', 1);
  const list = catalogue.listAt(slug, Math.max(1, page));
  exchange.renders = `/c/${slug}?page=${page}`;
  if (!list) return sendJson(exchange, 404, { error: 'no such category' });
  const name = categories.find((category) => category.slug === slug)?.name;
  sendJson(exchange, 200, {
    slug,
    name,
    page,
    pages: list.pages,
    total: list.total,
    items: list.items.map(cardOf),
  });
}

/**
 * A stretch of the long lists: item `n` is product page `n`, whatever the catalogue's size is.
 * @param {Shop} shop
 * @param {Exchange} exchange
 * @param {string} list
 */
function serveItems({ catalogue, settings }, exchange, list) {
  const total = queryNumber(
    exchange,
    'items',
    list === 'virtual' ? settings.virtualItems : settings.infiniteItems,
  );
  const from = queryNumber(exchange, 'from', 0);
  const length = Math.max(0, Math.min(mostItems, queryNumber(exchange, 'count', 20), total - from));
  if (from === 0) exchange.renders = `/${list}`;
  sendJson(exchange, 200, {
    total,
    items: Array.from({ length }, (_, at) => cardOf(catalogue.productAt(from + at))),
  });
}

/** @param {import('./catalogue.mjs').Product} product */
function cardOf(product) {
  const { slug, sku, title, price, currency, rating } = product;
  return { slug, sku, title, price, currency, rating };
}
