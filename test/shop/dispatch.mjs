// @ts-check
/** Which section answers a URL, and what the temper does to it on the way. */
import { serveApi } from './api.mjs';
import { serveBadSitemap } from './bad-sitemaps.mjs';
import { sendChallenge, serveBlocked } from './challenge.mjs';
import { isControl, serveControl } from './control.mjs';
import { hashOfText } from './dice.mjs';
import { serveEmbeddedPage } from './embedded.mjs';
import { send, sendDocument, sendHtml } from './exchange.mjs';
import { serveGraphPage } from './graphql.mjs';
import { serveHostile } from './hostile.mjs';
import { pictureOf } from './picture.mjs';
import { serveRobots, serveSitemap, serveSpecialSitemap } from './sitemaps.mjs';

/** @typedef {import('./exchange.mjs').Shop} Shop */
/** @typedef {import('./exchange.mjs').Exchange} Exchange */

/** @type {[prefix: string, kind: string, section: import('./exchange.mjs').Section][]} the first that fits */
const sections = [
  ['/api/', 'api', serveApi],
  ['/img/', 'image', serveImage],
  ['/assets/', 'asset', serveAsset],
  ['/robots.txt', 'robots', serveRobots],
  ['/sitemap', 'sitemap', serveSitemap],
  ['/special/', 'sitemap', serveSpecialSitemap],
  ['/bad/', 'sitemap', serveBadSitemap],
  ['/hostile/', 'hostile', serveHostile],
  ['/blocked/', 'blocked', serveBlocked],
  ['/status/', 'status', serveStatus],
  ['/g/', 'document', serveGraphPage],
  ['/e/', 'document', serveEmbeddedPage],
  ['/', 'document', serveShell],
];

/**
 * Answers one request as the settings have it, and logs it.
 * @param {Shop} shop
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
export function dispatch(shop, request, response) {
  const url = urlOf(request);
  /** @type {Exchange} */
  const exchange = { request, response, url, renders: undefined };
  if (isControl(url)) return void serveControl(shop, exchange);
  const [, kind, serve] = /** @type {typeof sections[number]} */ (
    sections.find(([prefix]) => url.pathname.startsWith(prefix))
  );
  const startedAt = performance.now();
  const path = url.pathname + url.search;
  const verdict = shop.temper.judge(kind, path);
  const isServed = verdict.act === 'serve' || (verdict.act === 'fail' && verdict.delayMs > 0);
  const leave = isServed ? shop.temper.enter(kind) : () => {};
  const { inFlight } = shop.temper;
  const sentBefore = request.socket.bytesWritten;
  response.once('close', () => {
    leave();
    const status = response.headersSent ? response.statusCode : 0;
    const ms = Math.round((performance.now() - startedAt) * 10) / 10;
    shop.log.add({
      at: new Date().toISOString(),
      method: request.method ?? 'GET',
      url: path,
      kind,
      status,
      ms,
      inFlight,
      bytes: request.socket.bytesWritten - sentBefore,
    });
    const isRendered =
      exchange.renders !== undefined && response.writableFinished && (status === 200 || status === 404);
    if (isRendered && exchange.renders !== undefined) shop.log.rendered(exchange.renders);
  });
  switch (verdict.act) {
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'hang':
      shop.hanging.add(request.socket);
      request.socket.once('close', () => shop.hanging.delete(request.socket));
      return;
    case 'fail':
      return after(verdict.delayMs, response, () => sendFailure(exchange, kind, verdict));
    case 'serve':
      return after(verdict.delayMs, response, () => {
        if (verdict.block !== undefined) return sendChallenge(exchange, verdict.block);
        return serve(shop, exchange);
      });
  }
}

/**
 * @param {number} delayMs
 * @param {import('node:http').ServerResponse} response
 * @param {() => void | Promise<void>} answer
 */
function after(delayMs, response, answer) {
  const run = () => {
    if (response.destroyed) return;
    Promise.resolve()
      .then(answer)
      .catch((error) => response.destroy(error));
  };
  if (delayMs <= 0) return run();
  const timer = setTimeout(run, delayMs);
  response.once('close', () => clearTimeout(timer));
}

/**
 * @param {Exchange} exchange
 * @param {string} kind
 * @param {{ status: number, headers: Record<string, string> }} failure
 */
function sendFailure(exchange, kind, { status, headers }) {
  if (kind === 'api')
    return send(exchange, status, 'application/json', JSON.stringify({ error: `status ${status}` }), headers);
  sendHtml(
    exchange,
    status,
    `<!doctype html><title>${status}</title><h1>${status}</h1><p>Please try again later.</p>`,
    headers,
  );
}

/** @type {import('./exchange.mjs').Section} */
function serveShell(shop, exchange) {
  sendDocument(shop, exchange, shop.shell);
}

/** @type {import('./exchange.mjs').Section} */
function serveAsset(shop, exchange) {
  const file = shop.assets.files.get(exchange.url.pathname);
  if (!file) return sendHtml(exchange, 404, '<h1>Not found</h1>');
  send(exchange, 200, file.type, file.bytes, {
    'cache-control': 'public, max-age=31536000, immutable',
    'access-control-allow-origin': '*',
  });
}

/** @type {import('./exchange.mjs').Section} */
function serveImage(_, exchange) {
  send(exchange, 200, 'image/png', pictureOf(hashOfText(exchange.url.pathname)), {
    'cache-control': 'public, max-age=3600',
  });
}

/** `/status/NNN` answers with that status. @type {import('./exchange.mjs').Section} */
function serveStatus(_, exchange) {
  const wanted = Number(/^\/status\/([2-5]\d\d)(?:\/|$)/.exec(exchange.url.pathname)?.[1] ?? 404);
  sendHtml(exchange, wanted, `<!doctype html><title>${wanted}</title><h1>${wanted}</h1>`);
}

/** @param {import('node:http').IncomingMessage} request */
function urlOf(request) {
  try {
    return new URL(request.url ?? '/', 'http://shop');
  } catch {
    return new URL('http://shop/');
  }
}
