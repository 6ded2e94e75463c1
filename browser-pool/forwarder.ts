/**
 * A way to one proxy that a browser can take: an HTTP proxy of our own on loopback, without a password, that passes
 * everything on. Chromium cannot log in to a SOCKS5 proxy at all, and to an HTTP proxy Playwright logs in by intercepting
 * every request, which turns the HTTP cache off. It also knows what the browser cannot: whether it is the proxy that
 * fails, or what lies behind it.
 */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Server as ProxyServer } from 'proxy-chain';
import { bounded } from './bounded.js';

export interface Forwarder {
  /** `http://127.0.0.1:PORT`, for a context's `proxy`. */
  readonly server: string;
  /** Asks the proxy for a connection to where `url` leads, and sends nothing through it. */
  probe(url: string): Promise<ProxySight>;
  /** Passed on so far, both ways. */
  bytes(): number;
  close(): Promise<void>;
}

/** `dead`: the proxy itself does not answer or lets us not in. `unreachable`: it does, but reaches no such place. */
export type ProxySight = { answer: 'works' } | { answer: 'dead' | 'unreachable'; reason: string };

const ANSWER_LIMIT_MS = 8_000;
const CONNECT_LIMIT_MS = 3_000;
const CLOSE_LIMIT_MS = 1_000;

/** Where the proxy's URL names no port. */
const PORTS: Record<string, number> = { 'http:': 80, 'https:': 443, 'socks5:': 1080 };

/** What the library answers in the proxy's stead: the proxy's own answer, or why there is none. */
const OTHER_ANSWER = 590;
const DEAD: Record<number, string> = {
  593: 'its host does not resolve',
  594: 'connection refused',
  597: 'refuses the user and password',
};
const DEAD_WORDS = /cert|authentication|handshake|ssl|tls/i;

/** True for a status that no server sends: the forwarder's word that the proxy failed. */
export function isForwarderStatus(status: number): boolean {
  return status >= OTHER_ANSWER && status <= 599;
}

/** `url`: `http`, `https` or `socks5`, with or without user and password. */
export async function openForwarder(url: string): Promise<Forwarder> {
  const { Server } = await import('proxy-chain');
  const proxy = new URL(url);
  const agents = {
    // A connection kept alive may be cut at the very moment that it is used again, and would look like a failure.
    httpAgent: new http.Agent({ keepAlive: false }),
    // Else the name in the certificate is compared with that of the page's host.
    httpsAgent: new https.Agent({
      keepAlive: false,
      servername: net.isIP(proxy.hostname) ? '' : proxy.hostname,
    }),
  };
  // The library's word for names that are resolved by the proxy, as they are by HTTP proxies.
  const upstream = url.replace(/^socks5:/i, 'socks5h:');
  const server = new Server({
    host: '127.0.0.1',
    port: 0,
    prepareRequestFunction: () => ({ requestAuthentication: false, upstreamProxyUrl: upstream, ...agents }),
  });
  let closedBytes = 0;
  server.on('connectionClosed', ({ stats }: { stats?: ConnectionStats }) => {
    closedBytes += bytesOf(stats);
  });
  await server.listen();
  const { port } = server;

  return {
    server: `http://127.0.0.1:${port}`,
    async probe(to) {
      const { protocol, hostname, port: named } = new URL(to);
      const isTls = protocol === 'https:';
      const answer = await connectThrough(port, `${hostname}:${named || (isTls ? 443 : 80)}`);
      const sight = answer === undefined ? undefined : sightOf(answer, isTls);
      if (sight !== undefined) return sight;
      // Nothing, or cut: some proxies say no more of a place that they do not reach.
      const reason = answer?.words || 'does not answer';
      return { answer: (await accepts(proxy)) ? 'unreachable' : 'dead', reason };
    },
    bytes: () =>
      server
        .getConnectionIds()
        .reduce((sum, id) => sum + bytesOf(server.getConnectionStats(id)), closedBytes),
    async close() {
      await bounded(server.close(true), CLOSE_LIMIT_MS);
    },
  };
}

type ConnectionStats = NonNullable<ReturnType<ProxyServer['getConnectionStats']>>;

/** Of the browser's side, which is what the proxy was given and gave. */
function bytesOf(stats: ConnectionStats | undefined): number {
  return (stats?.srcTxBytes ?? 0) + (stats?.srcRxBytes ?? 0);
}

interface Answer {
  status: number;
  words: string;
}

/** Undefined when it may be the proxy or what lies behind it. */
function sightOf({ status, words }: Answer, isTls: boolean): ProxySight | undefined {
  if (status === 200) return { answer: 'works' };
  const dead = DEAD[status];
  if (dead !== undefined) return { answer: 'dead', reason: dead };
  if (status === OTHER_ANSWER) {
    const upstream = Number(/\d+$/.exec(words)?.[0] ?? 0);
    // Many proxies make no tunnel to a port that is not 443, and serve plain HTTP all the same.
    if (!isTls && upstream < 500) return { answer: 'works' };
    return { answer: 'unreachable', reason: `answers ${upstream} to a connection` };
  }
  return DEAD_WORDS.test(words) ? { answer: 'dead', reason: words } : undefined;
}

/** What a CONNECT gets; undefined when it gets nothing in time. */
function connectThrough(port: number, place: string): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const asked = http.request({ host: '127.0.0.1', port, method: 'CONNECT', path: place, agent: false });
    const late = setTimeout(() => end(undefined), ANSWER_LIMIT_MS);
    const end = (answer: Answer | undefined): void => {
      clearTimeout(late);
      asked.destroy();
      resolve(answer);
    };
    asked.on('connect', ({ statusCode = 0, statusMessage = '' }, socket) => {
      socket.on('error', () => undefined);
      socket.destroy();
      end({ status: statusCode, words: statusMessage });
    });
    asked.on('error', () => end({ status: 0, words: 'connection cut' }));
    asked.end();
  });
}

function accepts({ protocol, hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = net.connect({ host, port: Number(port) || (PORTS[protocol] ?? 0) });
    const end = (does: boolean): void => {
      socket.destroy();
      resolve(does);
    };
    socket.setTimeout(CONNECT_LIMIT_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
