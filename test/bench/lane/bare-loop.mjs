// @ts-check
/**
 * The limit: a process that asks for the answers of the pages and does nothing else but parse them. Run with the shop's
 * address, the number of pages and how many at once; says one line of JSON with the seconds, its own CPU seconds and
 * the rows that hold what the farm's schema wants.
 */
import { gunzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { rowOf } from './shop-target.mjs';

const [shop = '', pages = '0', inFlight = '1'] = process.argv.slice(2);
const agent = new Agent();

/** @param {string} url @returns {Promise<any>} */
async function json(url) {
  const { statusCode, body } = await request(url, { dispatcher: agent });
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
  return JSON.parse(await body.text());
}

/** @param {string} url @returns {Promise<string>} */
async function sitemapAt(url) {
  const bytes = Buffer.from(await (await request(url, { dispatcher: agent })).body.arrayBuffer());
  return (url.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

const files = [...(await sitemapAt(`${shop}/sitemap.xml`)).matchAll(/<loc>([^<]+)<\/loc>/g)];
/** @type {string[]} */
const slugs = [];
for (const [, file = ''] of files)
  for (const [, slug = ''] of (await sitemapAt(file)).matchAll(/<loc>[^<]+\/p\/([^<]+)<\/loc>/g))
    slugs.push(slug);
const wanted = slugs.slice(0, Number(pages)).values();

/** @type {unknown[]} */
const rows = [];
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
await Promise.all(
  Array.from({ length: Number(inFlight) }, async () => {
    for (const slug of wanted) {
      const path = `${shop}/api/products/${slug}`;
      const [product, more] = await Promise.all([json(path), json(`${path}/more`)]);
      rows.push(rowOf({ data: { product, more } }));
    }
  }),
);
const seconds = (performance.now() - startedAt) / 1_000;
const { user, system } = process.cpuUsage(cpuBefore);
console.log(JSON.stringify({ pages: rows.length, seconds, cpuSeconds: (user + system) / 1e6, rows }));
await agent.close();
