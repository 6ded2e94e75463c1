// @ts-check
/**
 * `/e/SLUG`: a product page whose document holds all of it as JSON: for search engines (JSON-LD), as the state of an
 * application that goes on from there (as Next.js and as Nuxt hand it over), and in a script of the shop's own. With
 * `?asks=WHO` that application goes on to ask for more, by what it was handed; with `?made` the shop's own script is not
 * sent, and made in the browser.
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
  sendDocument(
    shop,
    exchange,
    documentOf(catalogue.productAt(number), shop.settings, exchange.url.searchParams),
  );
}

/**
 * @param {Product} shown
 * @param {import('./settings.mjs').Settings} settings
 * @param {URLSearchParams} query
 */
function documentOf({ number: _, ...shown }, { nested }, query) {
  const { sku, title, description, price, currency, rating, stock } = shown;
  const product = nested ? { ...shown, price: undefined, offer: { price } } : shown;
  const offers = { '@type': 'Offer', price, priceCurrency: currency };
  const item = { '@type': 'Product', sku, name: title, description, offers, rating };
  const crumbs = { '@type': 'BreadcrumbList', itemListElement: [{ '@type': 'ListItem', position: 1 }] };
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Thresh &amp; Sons</title>
${scriptOf('type="application/ld+json"', { '@context': 'https://schema.org', '@graph': [crumbs, item] })}
</head><body><h1>A product</h1>
${scriptOf('id="__NEXT_DATA__" type="application/json"', { props: { pageProps: { product } }, page: '/e/[slug]' })}
${scriptOf('id="__NUXT_DATA__" type="application/json"', payloadOf({ data: { product } }))}
${query.has('made') ? `<script>(${makeScript})(${JSON.stringify({ stock })})</script>` : scriptOf('type="application/json" data-state="stock"', { stock })}
${query.has('asks') ? `<script>(${askForMore})(${JSON.stringify(query.get('asks')).replaceAll('<', '')})</script>` : ''}
</body></html>`;
}

/**
 * Runs in the page.
 * @param {unknown} state
 */
function makeScript(state) {
  const script = Object.assign(document.createElement('script'), { type: 'application/json' });
  script.dataset.state = 'stock';
  script.textContent = JSON.stringify(state);
  document.body.append(script);
}

/**
 * Runs in the page.
 * @param {string} who
 */
function askForMore(who) {
  const { product } = JSON.parse(document.getElementById('__NEXT_DATA__')?.textContent ?? '').props.pageProps;
  const query = `at=${encodeURIComponent(product.updatedAt)}&for=${who}`;
  // Of an answer that nobody reads the browser never says that it has come.
  void fetch(`/api/products/${product.slug}/more?${query}`).then((answer) => answer.json());
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
