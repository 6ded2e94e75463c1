// @ts-check
/** One request and its answer, and the few ways in which the shop answers. */
import { createHash } from 'node:crypto';

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */

/**
 * @typedef {object} Exchange
 * @property {IncomingMessage} request
 * @property {ServerResponse} response
 * @property {URL} url
 * @property {string | number | undefined} renders the page (path, or number of a product page) whose data this answer is
 */

/**
 * @typedef {object} Shop what every section works with
 * @property {import('./settings.mjs').Settings} settings
 * @property {import('./catalogue.mjs').Catalogue} catalogue of the present settings
 * @property {import('./temper.mjs').Temper} temper
 * @property {import('./access-log.mjs').AccessLog} log
 * @property {import('./account.mjs').Sessions} sessions
 * @property {ReturnType<typeof import('./guard.mjs').createTokens>} tokens
 * @property {import('./assets.mjs').Assets} assets
 * @property {Buffer} shell
 * @property {string} thirdPartyUrl
 * @property {Set<import('node:net').Socket>} hanging sockets whose requests are left without an answer
 * @property {(change: unknown, spared?: import('node:net').Socket) => Promise<void>} change
 */

/** @typedef {(shop: Shop, exchange: Exchange) => void | Promise<void>} Section */

const largestBody = 65_536;

/**
 * @param {Exchange} exchange
 * @param {number} status
 * @param {unknown} value
 * @param {import('node:http').OutgoingHttpHeaders} [headers]
 */
export function sendJson({ response }, status, value, headers) {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(body);
}

/**
 * @param {Exchange} exchange
 * @param {number} status
 * @param {string | Buffer} html
 * @param {import('node:http').OutgoingHttpHeaders} [headers]
 */
export function sendHtml(exchange, status, html, headers) {
  send(exchange, status, 'text/html; charset=utf-8', html, { 'cache-control': 'no-store', ...headers });
}

/**
 * A page's document, by its ETag where documents have one.
 * @param {Pick<Shop, 'settings'>} shop
 * @param {Exchange} exchange
 * @param {string | Buffer} html
 */
export function sendDocument({ settings }, exchange, html) {
  if (!settings.tagged) return sendHtml(exchange, 200, html);
  const etag = `"${createHash('sha256').update(html).digest('hex').slice(0, 24)}"`;
  if (exchange.request.headers['if-none-match'] !== etag) return sendHtml(exchange, 200, html, { etag });
  exchange.response.writeHead(304, { etag }).end();
}

/**
 * @param {Exchange} exchange
 * @param {number} status
 * @param {string} type
 * @param {string | Buffer} content
 * @param {import('node:http').OutgoingHttpHeaders} [headers]
 */
export function send({ response }, status, type, content, headers) {
  const body = Buffer.from(content);
  response.writeHead(status, { 'content-type': type, 'content-length': body.length, ...headers });
  response.end(body);
}

/**
 * The shop's origin as the asker wrote it.
 * @param {Exchange} exchange
 */
export function originOf({ request }) {
  return `http://${request.headers.host ?? 'localhost'}`;
}

/**
 * @param {Exchange} exchange
 * @returns {Promise<unknown>} the request's body
 * @throws {SyntaxError} when it is not JSON, or over 64 KB
 */
export async function readJson({ request }) {
  let text = '';
  for await (const part of request.setEncoding('utf8')) {
    text += part;
    if (text.length > largestBody) throw new SyntaxError('the body is too large');
  }
  return JSON.parse(text);
}

/**
 * A whole number from the query.
 * @param {Exchange} exchange
 * @param {string} name
 * @param {number} otherwise
 */
export function queryNumber({ url }, name, otherwise) {
  const text = url.searchParams.get(name);
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}
