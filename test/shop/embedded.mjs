// @ts-check
/**
 * `/e/SLUG`: a product page whose document holds all of it as JSON: for search engines (JSON-LD), as the state of an
 * application that goes on from there (as Next.js and as Nuxt hand it over), and in a script of the shop's own.
 */
import { sendDocument, sendHtml } from './exchange.mjs';

/** @typedef {import('./catalogue.mjs').Product} Product */

/** @type {import('./exchange.mjs').Section} */
export function serveEmbeddedPage(shop, exchange) {
  const { catalogue } = shop;
  const slug = decodeURIComponent(exchange.url.pathname.slice('/e/'.length));
  const number = catalogue.numberOf(slug);
  exchange.renders = number ?? `/e/${slug}`;
  if (number === undefined)
    return sendHtml(exchange, 404, '<!doctype html><title>404</title><h1>Not found</h1>');
  sendDocument(shop, exchange, documentOf(catalogue.productAt(number)));
}

/** @param {Product} product */
function documentOf({ number: _, ...product }) {
  const { sku, title, description, price, currency, rating } = product;
  const offers = { '@type': 'Offer', price, priceCurrency: currency };
  const item = { '@type': 'Product', sku, name: title, description, offers, rating };
  const crumbs = { '@type': 'BreadcrumbList', itemListElement: [{ '@type': 'ListItem', position: 1 }] };
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Thresh &amp; Sons</title>
${scriptOf('type="application/ld+json"', { '@context': 'https://schema.org', '@graph': [crumbs, item] })}
</head><body><h1>A product</h1>
${scriptOf('id="__NEXT_DATA__" type="application/json"', { props: { pageProps: { product } }, page: '/e/[slug]' })}
${scriptOf('id="__NUXT_DATA__" type="application/json"', payloadOf({ data: { product } }))}
${scriptOf('type="application/json" data-state="stock"', { stock: product.stock })}
</body></html>`;
}

/**
 * @param {string} attributes
 * @param {unknown} value
 */
function scriptOf(attributes, value) {
  return `<script ${attributes}>${JSON.stringify(value).replaceAll('<', '\\u003c')}</script>`;
}

/**
 * Every value once, in a list, named by its place there: what Nuxt writes.
 * @param {unknown} root
 */
function payloadOf(root) {
  /** @type {unknown[]} */
  const places = [];
  /** @param {unknown} value @returns {number} */
  const place = (value) => {
    const at = places.push(null) - 1;
    if (Array.isArray(value)) places[at] = value.map(place);
    else if (typeof value === 'object' && value !== null)
      places[at] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, place(inner)]));
    else places[at] = value;
    return at;
  };
  const wrapped = places.push(null) - 1;
  places[wrapped] = ['ShallowReactive', place(root)];
  return places;
}
