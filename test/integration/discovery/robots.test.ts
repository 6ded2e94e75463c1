import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createRobots as create, type Robots, type RobotsOptions } from '../../../src/discovery/robots.js';
import { type SmallServer, startSmallServer } from '../../support/small-server.js';

let server: SmallServer | undefined;

const createRobots = (options: Partial<RobotsOptions> = {}): Robots =>
  create({ mode: 'respect', gapMs: 1, ...options });

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function robotsOf(text: string, status = 200, options: Partial<RobotsOptions> = {}) {
  server = await startSmallServer((_, response) => response.writeHead(status).end(text));
  const { url } = server;
  const robots = createRobots(options);
  return {
    allowed: (path: string) => robots.allowed(url + path),
    delayMs: () => robots.crawlDelayMs(url),
    asked: server.asked,
  };
}

const NOTHING = 'User-agent: *\nDisallow: /\n';

test.each([400, 401, 403, 404, 410])('%i: there are no rules, everything is allowed', async (status) => {
  const { allowed, delayMs } = await robotsOf(NOTHING, status);
  expect(await allowed('/p/1')).toBe(true);
  expect(await delayMs()).toBeUndefined();
});

test.each([429, 500, 503])(
  '%i, however often asked: a failure that says so, for all pages at once',
  async (status) => {
    const { allowed, delayMs, asked } = await robotsOf('', status);
    const failure = {
      code: 'DISCOVERY_FAILED',
      message: `${server?.url}/robots.txt cannot be had (it answered ${status}): nothing may be fetched`,
    };
    await expect(allowed('/p/1')).rejects.toMatchObject(failure);
    await expect(delayMs()).rejects.toMatchObject(failure);
    expect(asked).toHaveLength(6);
  },
);

test('the sitemaps that it names, as they stand there', async () => {
  server = await startSmallServer((_, response) =>
    response.end('Sitemap: https://x.example/a.xml\nUser-agent: *\nsitemap: /b.xml\n'),
  );
  expect(await createRobots().sitemaps(server.url)).toEqual(['https://x.example/a.xml', '/b.xml']);
});

test('what was not had is asked for again five minutes later', async () => {
  let nowMs = 0;
  let status = 503;
  server = await startSmallServer((_, response) => response.writeHead(status).end());
  const robots = createRobots({ now: () => nowMs });
  await expect(robots.allowed(`${server.url}/p/1`)).rejects.toThrow(/cannot be had/);
  status = 404;
  nowMs = 299_000;
  await expect(robots.allowed(`${server.url}/p/1`)).rejects.toThrow(/cannot be had/);
  nowMs = 301_000;
  expect(await robots.allowed(`${server.url}/p/1`)).toBe(true);
});

test('a copy serves for 24 hours, longer when no newer one is to be had, and another process as well', async () => {
  let nowMs = 1_000;
  let answer: [number, string] = [200, 'User-agent: *\nDisallow: /a/\nCrawl-delay: 3\n'];
  server = await startSmallServer((_, response) => response.writeHead(answer[0]).end(answer[1]));
  const { url, asked } = server;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'thresh-robots-'));
  const options = { now: () => nowMs, file: path.join(folder, 'robots.json') };
  const first = createRobots(options);
  expect(await first.allowed(`${url}/a/1`)).toBe(false);
  answer = [503, ''];
  const second = createRobots(options);
  expect(await second.allowed(`${url}/a/1`)).toBe(false);
  expect(await second.crawlDelayMs(url)).toBe(3_000);
  expect(asked).toHaveLength(1);
  nowMs += 25 * 3_600_000;
  expect(await second.allowed(`${url}/a/1`)).toBe(false);
  expect(asked).toHaveLength(7);
  answer = [200, 'User-agent: *\nDisallow: /b/\n'];
  nowMs += 301_000;
  expect(await second.allowed(`${url}/a/1`)).toBe(true);
  expect(await second.allowed(`${url}/b/1`)).toBe(false);
  await rm(folder, { recursive: true });
});

test('a copy that cannot be kept is used all the same', async () => {
  const file = path.join(os.tmpdir(), 'no-such-folder-of-thresh', 'robots.json');
  const { allowed, delayMs } = await robotsOf('User-agent: *\nDisallow: /p/1\nCrawl-delay: 2\n', 200, {
    file,
  });
  expect(await allowed('/p/1')).toBe(false);
  expect(await allowed('/p/2')).toBe(true);
  expect(await delayMs()).toBe(2_000);
});

test('redirects are followed, five of them; more mean that there are no rules', async () => {
  let steps = 5;
  server = await startSmallServer((request, response) => {
    const at = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0);
    if (at < steps) response.writeHead(301, { location: `/elsewhere-${at + 1}` }).end();
    else response.end(NOTHING);
  });
  expect(await createRobots().allowed(`${server.url}/p/1`)).toBe(false);
  steps = 6;
  expect(await createRobots().allowed(`${server.url}/p/1`)).toBe(true);
});

test.each([
  [undefined, 'Mozilla/5.0 (compatible; Thresh/0.1)', '/thresh/'],
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Thresh/0.1',
    '',
    '/thresh/',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    '',
    '/thresh/',
  ],
  ['Mozilla/5.0 (compatible; price-bot/2.1; +https://example.com/bot)', '', '/price/'],
  ['price-bot', '', '/price/'],
])('asked for as %s, it is read for the name in that', async (userAgent, sent, forbidden) => {
  const said: (string | undefined)[] = [];
  server = await startSmallServer((request, response) => {
    said.push(request.headers['user-agent']);
    response.end('User-agent: Thresh\nDisallow: /thresh/\n\nUser-agent: price-bot\nDisallow: /price/\n');
  });
  const robots = createRobots({ userAgent });
  for (const one of ['/thresh/', '/price/'])
    expect(await robots.allowed(`${server.url}${one}`)).toBe(one !== forbidden);
  expect(said).toEqual([userAgent ?? sent]);
});

test('a 503 that passes is asked again', async () => {
  server = await startSmallServer((_, response) => {
    if (server?.asked.length === 1) response.writeHead(503).end();
    else response.end('User-agent: *\nDisallow: /private/');
  });
  const robots = createRobots();
  expect(await robots.allowed(`${server.url}/p/1`)).toBe(true);
  expect(await robots.allowed(`${server.url}/private/1`)).toBe(false);
});

test('nobody answers: it says why', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as { port: number };
  gone.close();
  await once(gone, 'close');
  await expect(createRobots().allowed(`http://127.0.0.1:${port}/`)).rejects.toThrow(
    /cannot be had \(.*ECONNREFUSED/,
  );
});

test('an origin is asked once, however many pages', async () => {
  const { allowed, delayMs, asked } = await robotsOf('User-agent: *\nAllow: /\n');
  await Promise.all([allowed('/a'), allowed('/b'), delayMs(), allowed('/c')]);
  expect(asked).toEqual(['/robots.txt']);
});

test('the group of our name counts instead of that of all', async () => {
  const text =
    'User-agent: *\nDisallow: /\nCrawl-delay: 9\n\nUser-agent: thresh\nDisallow: /private/\nCrawl-delay: 2\n';
  const { allowed, delayMs } = await robotsOf(text);
  expect(await allowed('/p/1')).toBe(true);
  expect(await allowed('/private/1')).toBe(false);
  expect(await delayMs()).toBe(2_000);
});

test('the longer rule counts, with patterns and ends', async () => {
  const { allowed } = await robotsOf('User-agent: *\nDisallow: /p/\nAllow: /p/open/\nDisallow: /*.pdf$\n');
  expect(await allowed('/p/1')).toBe(false);
  expect(await allowed('/p/open/1')).toBe(true);
  expect(await allowed('/a.pdf')).toBe(false);
  expect(await allowed('/a.pdf?x')).toBe(true);
});

test.each([
  ['0.5', 500],
  ['100000', 120_000],
  ['-1', undefined],
  ['soon', undefined],
])('Crawl-delay %s is %s ms', async (said, expected) => {
  const { delayMs } = await robotsOf(`User-agent: *\nCrawl-delay: ${said}\n`);
  expect(await delayMs()).toBe(expected);
});

test('no more than 500 KB are read', async () => {
  const { allowed } = await robotsOf(
    `User-agent: *\nDisallow: /early/\n${'#'.repeat(600 * 1024)}\nDisallow: /late/\n`,
  );
  expect(await allowed('/early/1')).toBe(false);
  expect(await allowed('/late/1')).toBe(true);
});

test('a target that ignores robots.txt does not ask for it', async () => {
  const { allowed, asked } = await robotsOf(NOTHING, 200, { mode: 'ignore' });
  expect(await allowed('/p/1')).toBe(true);
  expect(asked).toEqual([]);
});
