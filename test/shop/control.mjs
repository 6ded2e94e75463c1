// @ts-check
/** `/_control` (GET and POST: the settings) and `/_log` (GET and DELETE: what was asked): never tempered, never logged. */
import { readJson, sendJson } from './exchange.mjs';
import { SettingsError } from './settings.mjs';

/** @typedef {import('./exchange.mjs').Shop} Shop */
/** @typedef {import('./exchange.mjs').Exchange} Exchange */

/** @param {URL} url */
export function isControl(url) {
  return url.pathname === '/_control' || url.pathname === '/_log';
}

/** @type {import('./exchange.mjs').Section} */
export async function serveControl(shop, exchange) {
  const { request, url } = exchange;
  if (url.pathname === '/_log') {
    if (request.method === 'DELETE') clearLog(shop);
    return sendJson(exchange, 200, logOf(shop, url.searchParams.get('pages') !== '0'));
  }
  if (request.method === 'POST') {
    try {
      await shop.change(await readJson(exchange), request.socket);
    } catch (error) {
      if (!(error instanceof SettingsError) && !(error instanceof SyntaxError)) throw error;
      return sendJson(exchange, 400, { error: error.message });
    }
  }
  sendJson(exchange, 200, shop.settings);
}

/** @param {Shop} shop */
export function clearLog(shop) {
  shop.log.reset();
  shop.temper.forget();
}

/**
 * @param {Shop} shop
 * @param {boolean} withPages
 */
export function logOf(shop, withPages) {
  const { log, temper, catalogue } = shop;
  const { inFlight, inFlightPeak } = temper;
  const summary = { ...log.summary(), inFlight, inFlightPeak };
  if (!withPages) return { ...summary, rendered: {} };
  /** @type {Record<string, number>} */
  const rendered = {};
  for (const [page, count] of log.renders())
    rendered[typeof page === 'number' ? catalogue.pathOf(page) : page] = count;
  return { ...summary, rendered };
}
