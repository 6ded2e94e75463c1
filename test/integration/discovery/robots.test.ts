import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createRobots, type RobotsOptions } from '../../../src/discovery/robots.js';
import { type SmallServer, startSmallServer } from '../../support/small-server.js';

let server: SmallServer | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function robotsOf(text: string, status = 200, options: Partial<RobotsOptions> = {}) {
  server = await startSmallServer((_, response) => response.writeHead(status).end(text));
  const { url } = server;
  const robots = createRobots({ mode: 'respect', ...options });
  return {
    allowed: (path: string) => robots.allowed(url + path),
    delayMs: () => robots.crawlDelayMs(url),
    asked: server.asked,
  };
}

const NOTHING = 'User-agent: *\nDisallow: /\n';

test.each([400, 401, 403, 404, 410, 429])('%i: there are no rules, everything is allowed', async (status) => {
  const { allowed, delayMs } = await robotsOf(NOTHING, status);
  expect(await allowed('/p/1')).toBe(true);
  expect(await delayMs()).toBeUndefined();
});

test.each([500, 503])('%i, however often asked: nothing is allowed', async (status) => {
  const { allowed, asked } = await robotsOf('', status);
  expect(await allowed('/p/1')).toBe(false);
  expect(asked.length).toBeGreaterThan(1);
});

test('a 503 that passes is asked again', async () => {
  server = await startSmallServer((_, response) => {
    if (server?.asked.length === 1) response.writeHead(503).end();
    else response.end('User-agent: *\nDisallow: /private/');
  });
  const robots = createRobots({ mode: 'respect' });
  expect(await robots.allowed(`${server.url}/p/1`)).toBe(true);
  expect(await robots.allowed(`${server.url}/private/1`)).toBe(false);
});

test('nobody answers: nothing is allowed', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as { port: number };
  gone.close();
  await once(gone, 'close');
  expect(await createRobots({ mode: 'respect' }).allowed(`http://127.0.0.1:${port}/`)).toBe(false);
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
