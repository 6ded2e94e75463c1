// @ts-check
/**
 * The demo shop: a single-page application on two listeners (itself, and a third party at another origin) whose truth is
 * `catalogue.mjs` and whose behaviour can be changed while it runs.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createAccessLog } from './access-log.mjs';
import { createSessions } from './account.mjs';
import { loadAssets, shellOf } from './assets.mjs';
import { createCatalogue } from './catalogue.mjs';
import { clearLog, logOf } from './control.mjs';
import { dispatch } from './dispatch.mjs';
import { createTokens } from './guard.mjs';
import { checkSettings, createSettings } from './settings.mjs';
import { createTemper } from './temper.mjs';
import { createThirdParty } from './third-party.mjs';

/** @typedef {import('./settings.mjs').Settings} Settings */
/** @typedef {import('./exchange.mjs').Shop} Shop */

/**
 * @typedef {object} Listening
 * @property {number} [port] default 0: any free one
 * @property {string} [host] default `127.0.0.1`
 * @property {number} [thirdPartyPort] default 0
 * @property {string | undefined} [accessLogFile] one JSON line a request is appended to it
 */

/**
 * Starts a shop.
 * @param {Listening & Partial<Settings>} [options]
 * @throws {import('./settings.mjs').SettingsError} when a setting is unknown or wrong
 */
export async function startShop({
  port = 0,
  host = '127.0.0.1',
  thirdPartyPort = 0,
  accessLogFile,
  ...rest
} = {}) {
  const settings = createSettings(rest);
  const assets = await loadAssets();
  const log = createAccessLog({ file: accessLogFile });
  let catalogue = createCatalogue(settings);
  /** @type {NodeJS.Timeout | undefined} */
  let lifting;

  const server = createServer((request, response) => dispatch(shop, request, response));
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const thirdParty = createThirdParty(() => shop);
  await listen(thirdParty, thirdPartyPort, host);
  const boundPort = await listen(server, port, host).catch(async (error) => {
    await close(thirdParty);
    throw error;
  });
  const thirdPartyUrl = `http://${host === 'localhost' ? '127.0.0.1' : 'localhost'}:${portOf(thirdParty)}`;

  /** @type {Shop} */
  const shop = {
    settings,
    get catalogue() {
      return catalogue;
    },
    temper: createTemper(settings),
    log,
    sessions: createSessions(settings),
    tokens: createTokens(settings),
    assets,
    get shell() {
      return shellOf(assets, thirdPartyUrl, settings.manner);
    },
    thirdPartyUrl,
    hanging: new Set(),
    change,
  };
  await followDown();

  /**
   * @param {unknown} wanted
   * @param {import('node:net').Socket} [spared] is not cut by `refuse`: the answer goes out on it
   */
  async function change(wanted, spared) {
    const checked = checkSettings(wanted);
    Object.assign(settings, checked);
    if (['seed', 'products', 'repriced', 'lastmod'].some((name) => name in checked))
      catalogue = createCatalogue(settings);
    if ('seed' in checked) log.reset();
    if ('down' in checked) await followDown(spared);
  }

  /** @param {import('node:net').Socket} [spared] */
  async function followDown(spared) {
    clearTimeout(lifting);
    const { down } = settings;
    if (down?.forMs !== undefined) lifting = setTimeout(() => void change({ down: null }), down.forMs);
    if (down?.mode === 'refuse' && server.listening) {
      server.close();
      for (const socket of sockets) if (socket !== spared) socket.destroy();
    } else if (down?.mode !== 'refuse' && !server.listening) {
      await listen(server, boundPort, host);
    }
    // Whoever was left hanging is let go, so that a test of recovery does not wait for a client's own time-out.
    if (!down) for (const socket of shop.hanging) socket.destroy();
  }

  return {
    /** Without a slash at the end. */
    url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${boundPort}`,
    port: boundPort,
    thirdPartyUrl,
    /** The present settings; change them through `control`. */
    settings: /** @type {Readonly<Settings>} */ (settings),
    /** The truth about what is served now. */
    get catalogue() {
      return catalogue;
    },
    /** The last 10,000 requests. */
    accessLog: () => log.entries(),
    /** What `GET /_log` answers. */
    log: () => logOf(shop, true),
    clearLog: () => clearLog(shop),
    /** @param {Partial<Settings>} wanted what `POST /_control` takes */
    control: (wanted) => change(wanted),
    /** Resolves when both listeners are closed, all connections cut and the log written. */
    async stop() {
      clearTimeout(lifting);
      await Promise.all([close(server), close(thirdParty)]);
      await log.close();
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof startShop>>} RunningShop */

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 * @param {string} host
 */
async function listen(server, port, host) {
  server.listen(port, host);
  await once(server, 'listening');
  return portOf(server);
}

/** @param {import('node:http').Server} server */
function portOf(server) {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** @param {import('node:http').Server} server */
async function close(server) {
  const isClosed = server.listening ? once(server, 'close') : undefined;
  server.close();
  server.closeAllConnections();
  await isClosed;
}
