// @ts-check
/** robots.txt, the sitemap index with its parts, and small sitemaps of the special sections. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { accountOrders } from './catalogue.mjs';
import { originOf, send, sendHtml } from './exchange.mjs';
import { categories } from './words.mjs';

/** @typedef {import('./exchange.mjs').Shop} Shop */
/** @typedef {import('./exchange.mjs').Exchange} Exchange */

/** URLs of one gzipped part. */
export const urlsPerPart = 10_000;

const urlsPerChunk = 250;
const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
const namespace = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"';
const changedAt = '2026-11-20T00:00:00.000Z';

/** @type {import('./exchange.mjs').Section} */
export function serveRobots({ settings }, exchange) {
  const lines = ['User-agent: *', 'Disallow: /private/'];
  if (settings.crawlDelay !== null) lines.push(`Crawl-delay: ${settings.crawlDelay}`);
  lines.push('', `Sitemap: ${originOf(exchange)}/sitemap.xml`, '');
  send(exchange, 200, 'text/plain; charset=utf-8', lines.join('\n'));
}

/** @type {import('./exchange.mjs').Section} */
export function serveSitemap(shop, exchange) {
  const { pathname } = exchange.url;
  const origin = originOf(exchange);
  if (pathname === '/sitemap.xml') return sendXml(exchange, indexOf(shop, origin));
  if (pathname === '/sitemap-pages.xml') {
    return sendXml(exchange, urlSet([`${origin}/`, ...categories.map(({ slug }) => `${origin}/c/${slug}`)]));
  }
  const part = Number(/^\/sitemap-(\d{1,4})\.xml\.gz$/.exec(pathname)?.[1] ?? 0);
  if (part < 1 || part > partsOf(shop)) return sendHtml(exchange, 404, '<h1>Not found</h1>');
  return sendPart(shop, exchange, part);
}

/** @type {import('./exchange.mjs').Section} */
export function serveSpecialSitemap({ catalogue }, exchange) {
  const origin = originOf(exchange);
  const products = Array.from({ length: Math.min(10, catalogue.products) }, (_, number) =>
    catalogue.pathOf(number),
  );
  /** @type {Record<string, string[]>} */
  const special = {
    '/special/sitemap-hash.xml': products.map((path) => `/app#${path}`),
    '/special/sitemap-private.xml': [...products, ...products.slice(0, 5).map((path) => `/private${path}`)],
    '/special/sitemap-gone.xml': [...products, '/p/NO-SUCH-1', '/p/NO-SUCH-2', '/status/404', '/status/410'],
    '/special/sitemap-blocked.xml': [...products, '/blocked/403', '/blocked/200'],
    '/special/sitemap-account.xml': Array.from(
      { length: accountOrders },
      (_, at) => `/account/orders/${at + 1}`,
    ),
    '/special/sitemap-twice.xml': products.flatMap((path) => [
      path,
      `${path}?utm_source=mail`,
      `${path}?b=2&a=1`,
      `${path}?a=1&b=2`,
      `${path}#reviews`,
    ]),
  };
  const paths = special[exchange.url.pathname];
  if (!paths) return sendHtml(exchange, 404, '<h1>Not found</h1>');
  sendXml(exchange, urlSet(paths.map((path) => origin + path)));
}

/** @param {Shop} shop */
function partsOf({ catalogue }) {
  return Math.ceil(catalogue.products / urlsPerPart);
}

/**
 * @param {Shop} shop
 * @param {string} origin
 */
function indexOf(shop, origin) {
  const names = [
    'sitemap-pages.xml',
    ...Array.from({ length: partsOf(shop) }, (_, at) => `sitemap-${at + 1}.xml.gz`),
  ];
  const entries = names.map(
    (name) => `<sitemap><loc>${origin}/${name}</loc><lastmod>${changedAt}</lastmod></sitemap>\n`,
  );
  return `${head}<sitemapindex ${namespace}>\n${entries.join('')}</sitemapindex>\n`;
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 * @param {number} part from 1
 */
async function sendPart({ catalogue }, exchange, part) {
  exchange.response.writeHead(200, { 'content-type': 'application/gzip' });
  const origin = originOf(exchange);
  // The asker may go away in the middle; that is its own affair.
  await pipeline(Readable.from(chunks()), createGzip({ level: 3 }), exchange.response).catch(() => {});

  function* chunks() {
    yield `${head}<urlset ${namespace}>\n`;
    const end = Math.min(part * urlsPerPart, catalogue.products);
    for (let number = (part - 1) * urlsPerPart; number < end; ) {
      let chunk = '';
      for (const last = Math.min(end, number + urlsPerChunk); number < last; number++) {
        const { path, updatedAt } = catalogue.pageAt(number);
        chunk += `<url><loc>${origin}${path}</loc><lastmod>${updatedAt}</lastmod></url>\n`;
      }
      yield chunk;
    }
    yield '</urlset>\n';
  }
}

/**
 * @param {readonly string[]} urls
 * @returns {string} a sitemap of them
 */
export function urlSet(urls) {
  const entries = urls.map(
    (url) => `<url><loc>${url.replaceAll('&', '&amp;')}</loc><lastmod>${changedAt}</lastmod></url>\n`,
  );
  return `${head}<urlset ${namespace}>\n${entries.join('')}</urlset>\n`;
}

/**
 * @param {Exchange} exchange
 * @param {string} xml
 */
export function sendXml(exchange, xml) {
  send(exchange, 200, 'application/xml; charset=utf-8', xml);
}
