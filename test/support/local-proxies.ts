/**
 * Real proxies on loopback that ask for a user and a password, and remember what went through them. They find every
 * host on this machine, whatever its name: a page at `http://shop.test:PORT/` is reached through them and not without.
 */
import { once } from 'node:events';
import type { ServerOptions as TlsOptions } from 'node:https';
import net from 'node:net';
import { createServer as createSocksServer, type Socks5Server } from '@pondwader/socks5-server';
import { Server } from 'proxy-chain';

export const USER = 'proxy-user';
export const PASSWORD = 'sw0rdf%sh-of:proxies';

export interface LocalProxy {
  /** With user and password. */
  url: string;
  /** Without. */
  name: string;
  /** Paths of what was asked for by plain HTTP; hosts of tunnels. In order. */
  passed: string[];
  stop(): Promise<void>;
  /** At the same port again. */
  start(): Promise<void>;
}

const loopback: net.LookupFunction = (_host, { all }, done) =>
  all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);

export async function httpProxy(tls?: TlsOptions, password = PASSWORD): Promise<LocalProxy> {
  const passed: string[] = [];
  const port = await freePort();
  let server: Server | undefined;

  async function start(): Promise<void> {
    server = new Server({
      host: '127.0.0.1',
      port,
      ...(tls === undefined ? { serverType: 'http' } : { serverType: 'https', httpsOptions: tls }),
      prepareRequestFunction({ request, isHttp, username, password: given }) {
        const isKnown = username === USER && given === password;
        if (isKnown) passed.push(isHttp ? new URL(request.url ?? '').pathname : (request.url ?? ''));
        return { requestAuthentication: !isKnown, dnsLookup: loopback as never };
      },
    });
    await server.listen();
  }

  await start();
  const scheme = tls === undefined ? 'http' : 'https';
  const host = tls === undefined ? '127.0.0.1' : 'localhost';
  return {
    url: `${scheme}://${USER}:${encodeURIComponent(password)}@${host}:${port}`,
    name: `${scheme}://${host}:${port}`,
    passed,
    start,
    async stop() {
      await server?.close(true);
      server = undefined;
    },
  };
}

export async function socksProxy(): Promise<LocalProxy> {
  const passed: string[] = [];
  const port = await freePort();
  const sockets = new Set<net.Socket>();
  let server: Socks5Server | undefined;

  async function start(): Promise<void> {
    server = createSocksServer();
    server.setAuthHandler(({ username, password }) => username === USER && password === PASSWORD);
    server.setConnectionHandler(({ socket, destAddress, destPort }, sendStatus) => {
      passed.push(`${destAddress}:${destPort}`);
      const behind = net.connect(destPort, '127.0.0.1');
      sockets.add(behind);
      behind.once('close', () => sockets.delete(behind));
      let isThrough = false;
      behind.once('connect', () => {
        isThrough = true;
        sendStatus('REQUEST_GRANTED');
        socket.pipe(behind).pipe(socket);
      });
      behind.once('error', () => {
        if (!isThrough) sendStatus('CONNECTION_REFUSED');
        socket.destroy();
      });
      socket.once('error', () => behind.destroy());
      socket.once('close', () => behind.destroy());
    });
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', () => resolve()));
  }

  await start();
  return {
    url: `socks5://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`,
    name: `socks5://127.0.0.1:${port}`,
    passed,
    start,
    async stop() {
      const closed = new Promise<void>((resolve) => server?.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Nobody else gets it within a test: the system hands ports out in turn. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
