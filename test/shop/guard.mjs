// @ts-check
/** What the shop's API wants to see before it answers as it does to its own application. */
import { randomUUID } from 'node:crypto';
import { sendJson } from './exchange.mjs';

/** @typedef {import('./exchange.mjs').Shop} Shop */
/** @typedef {import('./exchange.mjs').Exchange} Exchange */

const mostTokens = 10_000;

/** @param {import('./settings.mjs').Settings} settings read anew at every use */
export function createTokens(settings) {
  /** @type {Map<string, { openedAt: number, uses: number, guard: unknown }>} */
  const open = new Map();
  return {
    open() {
      if (open.size >= mostTokens) open.delete(/** @type {string} */ (open.keys().next().value));
      const token = randomUUID();
      open.set(token, { openedAt: Date.now(), uses: 0, guard: settings.guard });
      return token;
    },
    /** @param {string} token */
    use(token) {
      const known = open.get(token);
      if (known === undefined || known.guard !== settings.guard) return false; // of before the guard was set
      known.uses++;
      const { requests = Infinity, ms = Infinity } = settings.guard?.token ?? {};
      return known.uses <= requests && Date.now() - known.openedAt < ms;
    },
  };
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 */
export function serveToken(shop, exchange) {
  sendJson(exchange, 200, { token: shop.tokens.open() });
}

/**
 * Answers 401 to whoever has no good token.
 * @param {Shop} shop
 * @param {Exchange} exchange
 * @returns {boolean} whether it is let in
 */
export function isLetIn({ settings, tokens }, exchange) {
  if (settings.guard?.token === undefined) return true;
  if (tokens.use(String(exchange.request.headers['x-shop-token']))) return true;
  sendJson(exchange, 401, { error: 'no good token' });
  return false;
}

/**
 * Whether the request shows what only the application's script makes; who does not is told a wrong stock.
 * @param {Shop} shop
 * @param {Exchange} exchange
 */
export function isBelieved({ settings }, { request, url }) {
  switch (settings.guard?.wants) {
    case 'cookie':
      return /(?:^|;\s*)seen=yes/.test(request.headers.cookie ?? '');
    case 'header':
      return request.headers['x-proof'] === proofOf(url.pathname);
    default:
      return true;
  }
}

/** As the application computes it. @param {string} path */
function proofOf(path) {
  let sum = 7;
  for (const sign of path) sum = (sum * 31 + sign.charCodeAt(0)) >>> 0;
  return sum.toString(36);
}
