// @ts-check
/** The pages behind a login: sessions that expire as `sessionTtl` says, and orders to read with them. */
import { randomUUID } from 'node:crypto';
import { accountOrders, orderAt } from './catalogue.mjs';
import { readJson, sendJson } from './exchange.mjs';

/** @typedef {import('./exchange.mjs').Shop} Shop */
/** @typedef {import('./exchange.mjs').Exchange} Exchange */

/** What the login form takes. */
export const credentials = Object.freeze({ user: 'demo', password: 'open sesame' });

const mostSessions = 10_000;

/** @param {import('./settings.mjs').Settings} settings read anew at every use */
export function createSessions(settings) {
  /** @type {Map<string, { openedAt: number, uses: number }>} */
  const open = new Map();

  return {
    /** @returns {string} the cookie's value */
    open() {
      if (open.size >= mostSessions) open.delete(/** @type {string} */ (open.keys().next().value));
      const id = randomUUID();
      open.set(id, { openedAt: Date.now(), uses: 0 });
      return id;
    },

    /**
     * Counts one use; an expired session is forgotten.
     * @param {string | undefined} id
     * @returns {boolean} whether it is good
     */
    use(id) {
      const session = id === undefined ? undefined : open.get(id);
      if (id === undefined || !session) return false;
      session.uses++;
      const { requests = Infinity, ms = Infinity } = settings.sessionTtl ?? {};
      const isGood = session.uses <= requests && Date.now() - session.openedAt < ms;
      if (!isGood) open.delete(id);
      return isGood;
    },

    /** @param {string | undefined} id */
    close(id) {
      if (id !== undefined) open.delete(id);
    },
  };
}

/** @typedef {ReturnType<typeof createSessions>} Sessions */

/** @param {Exchange} exchange */
function cookieOf({ request }) {
  return /(?:^|;\s*)sid=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 */
export async function serveLogin(shop, exchange) {
  if (exchange.request.method !== 'POST') return sendJson(exchange, 405, { error: 'POST it' });
  const given = await readJson(exchange).catch(() => null);
  const { user, password } = /** @type {{ user?: unknown, password?: unknown }} */ (given ?? {});
  if (user !== credentials.user || password !== credentials.password)
    return sendJson(exchange, 403, { error: 'wrong user or password' });
  shop.log.loggedIn();
  sendJson(
    exchange,
    200,
    { user },
    { 'set-cookie': `sid=${shop.sessions.open()}; Path=/; HttpOnly; SameSite=Lax` },
  );
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 */
export function serveLogout(shop, exchange) {
  shop.sessions.close(cookieOf(exchange));
  sendJson(exchange, 200, {}, { 'set-cookie': 'sid=; Path=/; Max-Age=0' });
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 */
export function serveOrders(shop, exchange) {
  if (!shop.sessions.use(cookieOf(exchange))) return sendJson(exchange, 401, { error: 'log in' });
  exchange.renders = '/account';
  sendJson(exchange, 200, {
    orders: Array.from({ length: accountOrders }, (_, at) => ({ number: at + 1, ...orderAt(at + 1) })),
  });
}

/**
 * @param {Shop} shop
 * @param {Exchange} exchange
 * @param {string} parameter the order's number
 */
export function serveOrder(shop, exchange, parameter) {
  if (!shop.sessions.use(cookieOf(exchange))) return sendJson(exchange, 401, { error: 'log in' });
  const number = Number(parameter);
  exchange.renders = `/account/orders/${number}`;
  if (number < 1 || number > accountOrders) return sendJson(exchange, 404, { error: 'no such order' });
  sendJson(exchange, 200, { number, ...orderAt(number) });
}
