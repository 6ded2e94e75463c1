import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { discover } from '../../../src/discovery/discover.js';
import { readSitemaps, type SitemapOptions } from '../../../src/discovery/sitemap.js';
import { startShop } from '../../shop/server.mjs';
import { type SmallServer, startSmallServer } from '../../support/small-server.js';

const PRODUCTS = 200_000;
let shop: Awaited<ReturnType<typeof startShop>>;
let server: SmallServer | undefined;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
});

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

afterAll(() => shop?.stop());

async function read(url: string, limits?: SitemapOptions) {
  const entries = [];
  for await (const entry of readSitemaps([url], undefined, limits)) entries.push(entry);
  return entries;
}

const urlSet = (...locs: string[]): string =>
  `<?xml version="1.0"?><urlset>${locs.map((loc) => `<url><loc>${loc}</loc></url>`).join('')}</urlset>`;
const indexOf = (...locs: string[]): string =>
  `<sitemapindex>${locs.map((loc) => `<sitemap><loc>${loc}</loc></sitemap>`).join('')}</sitemapindex>`;

/** Files by their path; each once, anything else is 404. */
async function serve(files: Record<string, string | Buffer>): Promise<string> {
  server = await startSmallServer((request, response) => {
    const body = files[request.url ?? ''];
    if (body === undefined) response.writeHead(404).end();
    else response.end(body);
  });
  return server.url;
}

test('an index, its parts plain or gzipped whatever their names, each part once', async () => {
  const base = await serve({
    '/index.xml': indexOf('/a.xml', '/b.xml', '/c.xml.gz', '/a.xml'),
    '/a.xml': urlSet('/p/1', 'http://shop/p/2?a=1&amp;b=2'),
    '/b.xml': gzipSync(urlSet('<![CDATA[http://shop/p/3]]>')),
    '/c.xml.gz': urlSet(' http://shop/p/4 '),
  });
  const urls = (await read(`${base}/index.xml`)).map(({ url }) => url);
  expect(urls).toEqual([`${base}/p/1`, 'http://shop/p/2?a=1&b=2', 'http://shop/p/3', 'http://shop/p/4']);
});

test('parts of an index that are not to be read are not asked for', async () => {
  const base = await serve({
    '/index.xml': indexOf('/a.xml', '/b.xml'),
    '/a.xml': urlSet('http://x.example/1'),
  });
  const found = await read(`${base}/index.xml`, { leadsTo: (url) => url.endsWith('/a.xml') });
  expect(found.map(({ url }) => url)).toEqual(['http://x.example/1']);
  expect(server?.asked).toEqual(['/index.xml', '/a.xml']);
});

test('lastmod, and what lies in other name spaces is not taken for it', async () => {
  const image = '<image:image><image:loc>http://shop/img</image:loc></image:image>';
  const base = await serve({
    '/s.xml': `<urlset><url><loc>http://shop/1</loc><lastmod>2026-01-02</lastmod>${image}</url><url><loc>http://shop/2</loc></url></urlset>`,
  });
  expect(await read(`${base}/s.xml`)).toMatchObject([
    { url: 'http://shop/1', lastmod: '2026-01-02' },
    { url: 'http://shop/2', lastmod: undefined },
  ]);
});

test('include, exclude and since choose, and what is not http is never a page', async () => {
  const urls = [`${shop.url}/special/sitemap-private.xml`];
  const pages: string[] = [];
  const options = { include: /\/p\//g, exclude: /\/private\//, since: '2026-01-01' };
  for await (const { url } of discover({ kind: 'sitemap', urls, options })) pages.push(url);
  expect(pages).toEqual(Array.from({ length: 10 }, (_, at) => shop.url + shop.catalogue.pathOf(at)));
  const foreign: string[] = [];
  const source = { kind: 'sitemap' as const, urls: [`${shop.url}/bad/sitemap-foreign.xml`], options: {} };
  for await (const { url } of discover(source)) foreign.push(new URL(url).protocol);
  expect(foreign).toEqual(['http:', 'http:', 'http:']);
});

test.each([
  ['html.xml', /HTML page/],
  ['truncated.xml', /cut off or broken/],
  ['truncated.xml.gz', /cut off or broken/],
  ['loop.xml', /circle/],
  ['entities.xml', /entity/],
  ['nowhere.xml', /answered 404/],
])('the bad sitemap %s ends in one error with its URL and the reason', async (name, reason) => {
  const url = `${shop.url}/bad/sitemap-${name}`;
  await expect(read(url)).rejects.toMatchObject({
    code: 'DISCOVERY_FAILED',
    scope: 'batch',
    mend: expect.stringMatching(/./),
    message: expect.stringMatching(new RegExp(`^sitemap ${url.replaceAll('.', '\\.')}: .*${reason.source}`)),
  });
});

test('a gzip bomb is given up early, in bounded memory', async () => {
  const before = process.memoryUsage().rss;
  const url = `${shop.url}/bad/sitemap-bomb.xml.gz`;
  await expect(read(url)).rejects.toMatchObject({
    message: expect.stringMatching(/bomb|bytes when unpacked/),
  });
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 ** 2);
});

test('an empty sitemap has no pages; an empty answer is no sitemap', async () => {
  expect(await read(`${shop.url}/bad/sitemap-empty.xml`)).toEqual([]);
  const base = await serve({ '/s.xml': '' });
  await expect(read(`${base}/s.xml`)).rejects.toMatchObject({ message: expect.stringContaining('empty') });
});

test('limits: files, depth and bytes', async () => {
  const base = await serve({
    '/1.xml': indexOf('/2.xml'),
    '/2.xml': indexOf('/3.xml'),
    '/3.xml': urlSet('http://shop/p/1'),
  });
  expect(await read(`${base}/1.xml`, { maxDepth: 2, maxFiles: 3 })).toHaveLength(1);
  const refused = (limits: SitemapOptions) => expect(read(`${base}/1.xml`, limits)).rejects;
  await refused({ maxDepth: 1 }).toMatchObject({ message: expect.stringContaining('nested more than 1') });
  await refused({ maxFiles: 2 }).toMatchObject({ message: expect.stringContaining('more than 2 sitemaps') });
  await refused({ maxBytes: 50 }).toMatchObject({ message: expect.stringContaining('more than 50 bytes') });
});

test('a sitemap that answers 503 twice is asked again', async () => {
  server = await startSmallServer((_, response) => {
    if ((server?.asked.length ?? 0) <= 2) response.writeHead(503, { 'retry-after': '1' }).end();
    else response.end(urlSet('http://shop/p/1'));
  });
  expect(await read(`${server.url}/s.xml`)).toHaveLength(1);
  expect(server.asked).toHaveLength(3);
});

test('a host that does not resolve, and what is no URL', async () => {
  await expect(read('http://no-such-host.invalid/s.xml')).rejects.toMatchObject({
    code: 'DISCOVERY_FAILED',
    message: expect.stringMatching(
      /^sitemap http:\/\/no-such-host\.invalid\/s\.xml: its host does not resolve/,
    ),
  });
  await expect(read('file:///etc/passwd')).rejects.toMatchObject({
    message: expect.stringContaining('not an http'),
  });
});

test('200,000 URLs stream in flat memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapMb = (): number => {
    collect();
    return process.memoryUsage().heapUsed / 1024 ** 2;
  };
  let count = 0;
  let early = 0;
  let late = 0;
  for await (const { url } of readSitemaps([`${shop.url}/sitemap.xml`])) {
    if (!url.includes('/p/')) continue;
    count += 1;
    if (count === 40_000) early = heapMb();
    if (count === 190_000) late = heapMb();
  }
  expect(count).toBe(PRODUCTS);
  expect(late - early).toBeLessThan(10);
});
