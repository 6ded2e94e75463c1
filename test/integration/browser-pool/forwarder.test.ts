import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Forwarder, openForwarder } from '../../../browser-pool/index.js';
import { httpProxy, type LocalProxy, socksProxy } from '../../support/local-proxies.js';
import { type SmallServer, startSmallServer } from '../../support/small-server.js';

let site: SmallServer;
let place: string;
const proxies: Record<string, LocalProxy> = {};
const opened: Forwarder[] = [];

beforeAll(async () => {
  site = await startSmallServer((request, response) => response.end(`page ${request.url}`));
  place = `http://shop.test:${new URL(site.url).port}/a`;
  Object.assign(proxies, { http: await httpProxy(), socks5: await socksProxy() });
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((forwarder) => forwarder.close()));
});
afterAll(async () => {
  await Promise.all(Object.values(proxies).map((proxy) => proxy.stop()));
  await site?.stop();
});

async function open(url: string): Promise<Forwarder> {
  const forwarder = await openForwarder(url);
  opened.push(forwarder);
  return forwarder;
}

function proxyOf(kind: string): LocalProxy {
  return proxies[kind] as LocalProxy;
}

async function get(forwarder: Forwarder, url: string): Promise<string> {
  const { port } = new URL(forwarder.server);
  const asked = http.get({ host: '127.0.0.1', port, path: url, agent: false });
  const [response] = (await once(asked, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return `${response.statusCode} ${Buffer.concat(chunks)}`;
}

test.each(['http', 'socks5'])('passes pages and tunnels on to a %s proxy with a password', async (kind) => {
  const forwarder = await open(proxyOf(kind).url);
  expect(await forwarder.probe(place)).toEqual({ answer: 'works' });
  expect(await get(forwarder, place)).toBe('200 page /a');
});

test.each(['http', 'socks5'])('a %s proxy that refuses the password is dead, and says why', async (kind) => {
  const forwarder = await open(proxyOf(kind).url.replace(/:[^:@]*@/, ':guessed@'));
  expect(await forwarder.probe(place)).toMatchObject({
    answer: 'dead',
    reason: expect.stringMatching(/refuses the user and password|[Aa]uth/),
  });
});

test.each(['http', 'socks5'])('a %s proxy that is not there is dead', async (kind) => {
  const proxy = proxyOf(kind);
  const forwarder = await open(proxy.url);
  await proxy.stop();
  expect(await forwarder.probe(place)).toMatchObject({ answer: 'dead' });
  await proxy.start();
  expect(await forwarder.probe(place)).toEqual({ answer: 'works' });
});

test.each(['http', 'socks5'])('what a %s proxy does not reach is not its death', async (kind) => {
  const closed = net.createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as net.AddressInfo;
  closed.close();
  const forwarder = await open(proxyOf(kind).url);
  expect(await forwarder.probe(`https://shop.test:${port}/`)).toEqual({
    answer: 'unreachable',
    reason: expect.any(String),
  });
});
