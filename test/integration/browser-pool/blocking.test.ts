import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BlockSpec } from '../../../browser-pool/index.js';
import { anyone, openPool, openSite, type PoolLab, type Site } from './pool-lab.js';

let lab: PoolLab;
let site: Site;
let runs = 0;

beforeAll(async () => {
  const parts = [
    '<link rel="stylesheet" href="/cached-style.css">',
    '<img src="/a.png"><img src="/pixel-without-ending">',
    '<script src="/ads/track.js"></script><script src="/cached-app.js"></script>',
  ];
  site = await openSite({ '/': parts.join('') });
  lab = await openPool({ maxPages: 1 });
});

beforeEach(() => {
  site.asked.length = 0;
});

afterAll(async () => {
  await lab?.close();
  await site?.close();
});

async function load(block: BlockSpec | false, observe = true) {
  const lease = await lab.pool.lease({ ...anyone(`run-${runs++}`), block, observe });
  await lease.page.goto(`${site.url}/`);
  await lease.release('good');
  const asked = site.asked.filter((path) => path !== '/favicon.ico').sort();
  return { asked, network: lease.network };
}

test('without blocking everything is loaded, and nothing counts as blocked', async () => {
  const { asked, network } = await load(false);
  expect(asked).toEqual([
    '/',
    '/a.png',
    '/ads/track.js',
    '/cached-app.js',
    '/cached-style.css',
    '/pixel-without-ending',
  ]);
  expect(network).toMatchObject({ requests: 6, blocked: 0, failed: 0 });
});

test('a blocked type is not loaded: by its name, and without one from the first time on that it is asked for', async () => {
  const spec = { ...anyone('types'), block: { types: ['image'], urls: [] }, observe: true };
  const first = await lab.pool.lease(spec);
  await first.page.goto(`${site.url}/`);
  await first.release('doubtful'); // the next is another page of the same context
  expect(site.asked).not.toContain('/a.png');
  site.asked.length = 0;
  const second = await lab.pool.lease(spec);
  await second.page.goto(`${site.url}/`);
  await second.release('good');
  const asked = site.asked.filter((path) => path !== '/favicon.ico').sort();
  const { network } = second;
  expect(asked).toEqual(['/', '/ads/track.js']); // the others are cached
  expect(network).toMatchObject({ blocked: 2, failed: 0 });
  const blocked = network.lines.filter(({ status }) => status === 'blocked').map(({ url }) => url);
  expect(blocked.sort()).toEqual([`${site.url}/a.png`, `${site.url}/pixel-without-ending`]);
});

test('a blocked URL pattern is not loaded', async () => {
  const { asked, network } = await load({ types: [], urls: ['*/ads/*'] });
  expect(asked).not.toContain('/ads/track.js');
  expect(asked).toContain('/cached-app.js');
  expect(network.blocked).toBe(1);
});

test('nothing is counted unless the lease observes', async () => {
  const { network } = await load({ types: ['image'], urls: [] }, false);
  expect(network).toMatchObject({ requests: 0, blocked: 0, lines: [] });
});

test('the HTTP cache stays on, and blocking outlasts a reset', async () => {
  const spec = { ...anyone('cache'), block: { types: ['image'], urls: ['*/ads/*'] } };
  const first = await lab.pool.lease(spec);
  await first.page.goto(`${site.url}/`);
  await first.release('good');
  site.asked.length = 0;
  const second = await lab.pool.lease(spec);
  expect(second.page).toBe(first.page);
  await second.page.goto(`${site.url}/`);
  await second.release('good');
  expect(site.asked).toEqual(['/']);
});
