// @ts-check
/** Sitemaps that are not what they say, each to be refused or survived. */
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { originOf, send, sendHtml } from './exchange.mjs';
import { sendXml, urlSet } from './sitemaps.mjs';

/** @typedef {import('./exchange.mjs').Shop} Shop */
/** @typedef {import('./exchange.mjs').Exchange} Exchange */

/** The bomb's size when unpacked: 10.7 GB out of about 10 MB. */
export const bombBytes = 1024 * 10 * 1024 * 1024 + 1;

const memberBytes = 10 * 1024 * 1024;

/** @type {Record<string, import('./exchange.mjs').Section>} */
const sections = {
  '/bad/sitemap-html.xml': (_, exchange) =>
    sendHtml(exchange, 200, '<!doctype html><html><body><h1>Welcome</h1><p>Not a sitemap<br></body></html>'),
  '/bad/sitemap-truncated.xml': (shop, exchange) => sendXml(exchange, truncated(shop, exchange)),
  '/bad/sitemap-truncated.xml.gz': serveTruncatedGzip,
  '/bad/sitemap-bomb.xml.gz': serveBomb,
  '/bad/sitemap-loop.xml': (_, exchange) => sendXml(exchange, looped(exchange)),
  '/bad/sitemap-foreign.xml': serveForeign,
  '/bad/sitemap-entities.xml': (_, exchange) => sendXml(exchange, entities()),
  '/bad/sitemap-empty.xml': (_, exchange) => sendXml(exchange, urlSet([])),
};

/** @type {import('./exchange.mjs').Section} */
export function serveBadSitemap(shop, exchange) {
  const serve = sections[exchange.url.pathname];
  return serve ? serve(shop, exchange) : sendHtml(exchange, 404, '<h1>Not found</h1>');
}

/**
 * Cut within the last of five URLs.
 * @param {Shop} shop
 * @param {Exchange} exchange
 */
function truncated({ catalogue }, exchange) {
  const whole = urlSet(
    Array.from({ length: 5 }, (_, number) => originOf(exchange) + catalogue.pathOf(number)),
  );
  return whole.slice(0, whole.lastIndexOf('</loc>') - 4);
}

/** @type {import('./exchange.mjs').Section} */
function serveTruncatedGzip(shop, exchange) {
  const urls = Array.from({ length: 500 }, (_, number) => originOf(exchange) + shop.catalogue.pathOf(number));
  const whole = gzipSync(urlSet(urls));
  send(exchange, 200, 'application/gzip', whole.subarray(0, Math.floor(whole.length / 2)));
}

/** @type {import('./exchange.mjs').Section} */
function serveForeign({ catalogue }, exchange) {
  const foreign = [
    'http://other-shop.invalid/p/1',
    'http://169.254.169.254/latest/meta-data/',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ];
  sendXml(exchange, urlSet([originOf(exchange) + catalogue.pathOf(0), ...foreign]));
}

/** @param {Exchange} exchange */
function looped(exchange) {
  const self = `${originOf(exchange)}${exchange.url.pathname}`;
  return `<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>${self}</loc></sitemap></sitemapindex>`;
}

/** Ten entities, each ten of the one before: ten thousand million "lol" for a parser that expands them. */
function entities() {
  const names = 'abcdefghij';
  const lines = [...names].map(
    (name, at) => `<!ENTITY ${name} "${at === 0 ? 'lol' : `&${names[at - 1]};`.repeat(10)}">`,
  );
  return `<?xml version="1.0"?><!DOCTYPE urlset [${lines.join('')}]><urlset><url><loc>&j;</loc></url></urlset>`;
}

/**
 * A gzip file may have many members, so one packed stretch of blanks (which XML allows anywhere between tags) is sent
 * over and over between a head and a tail.
 * @type {import('./exchange.mjs').Section}
 */
async function serveBomb(_, { response }) {
  const blanks = gzipSync(Buffer.alloc(memberBytes, ' '), { level: 9 });
  response.writeHead(200, { 'content-type': 'application/gzip' });
  response.write(
    gzipSync('<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'),
  );
  for (let sent = 0; sent < bombBytes && !response.destroyed; sent += memberBytes) {
    if (!response.write(blanks)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end(gzipSync('</urlset>'));
}
