/** A page that comes back with its document standing, for the next lease of the same application. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyone, openPool, openSite, type PoolLab, type Site } from './pool-lab.js';

let lab: PoolLab;
let site: Site;

beforeAll(async () => {
  lab = await openPool({ maxPages: 1 });
  site = await openSite({ '/': '<body><p>one</p></body>', '/data.json': '{}' });
});

afterAll(async () => {
  await lab?.close();
  await site?.close();
});

const shop = (more = {}) => ({ ...anyone(), goesTo: `${site.url}/next`, application: 'shop', ...more });

/** Leaves a document that knows that it was there. */
async function leave(): Promise<void> {
  const lease = await lab.pool.lease(shop());
  expect(lease.standing).toBe(false);
  await lease.page.goto(`${site.url}/`);
  await lease.page.evaluate(() => {
    document.title = 'standing';
    sessionStorage.setItem('kept', 'yes');
  });
  await lease.release('standing');
}

const titleOf = async (lease: Awaited<ReturnType<PoolLab['pool']['lease']>>) => lease.page.title();

test('the next lease of the application finds the document, and nothing that was put beside it', async () => {
  const lease = await lab.pool.lease(shop());
  await lease.page.goto(`${site.url}/`);
  let heard = 0;
  lease.page.on('request', () => {
    heard += 1;
  });
  await lease.page.route('**/data.json', (route) => route.abort());
  lease.page.setDefaultTimeout(1);
  await lease.page.evaluate(() => {
    document.title = 'standing';
  });
  await lease.release('standing');

  const next = await lab.pool.lease(shop());
  expect(next.standing).toBe(true);
  expect(await titleOf(next)).toBe('standing');
  const before = heard;
  expect(await next.page.evaluate(async () => (await fetch('/data.json')).status)).toBe(200);
  await next.page.evaluate(() => setTimeout(() => document.body.append(document.createElement('h1')), 100));
  await next.page.waitForSelector('h1', { state: 'attached' });
  expect(heard).toBe(before);
  await next.answers.catchUp();
  expect(next.answers).toMatchObject({ document: undefined, answeredWell: 1, pending: 0 });
  await next.release('good');
  const last = await lab.pool.lease(shop());
  expect(last.standing).toBe(false);
  await last.release('doubtful');
});

test.each([
  ['another application', { application: 'else' }],
  ['none', { application: undefined }],
  ['a fresh context', { fresh: true }],
])('a lease of %s gets a clean page', async (_, more) => {
  await leave();
  const { application, ...rest } = { ...shop(), ...more };
  const lease = await lab.pool.lease(application === undefined ? rest : { ...rest, application });
  expect(lease.standing).toBe(false);
  await lease.page.goto(`${site.url}/`);
  expect(await titleOf(lease)).toBe('');
  expect(await lease.page.evaluate(() => sessionStorage.getItem('kept'))).toBe(null);
  await lease.release('doubtful');
});

test('a page that somebody spoiled does not stand, nor one of a lease that named no application', async () => {
  const lease = await lab.pool.lease(shop());
  await lease.page.goto(`${site.url}/`);
  await lease.page.exposeFunction('spy', () => undefined);
  await lease.release('standing');
  const plain = await lab.pool.lease({ ...anyone(), goesTo: `${site.url}/` });
  await plain.page.goto(`${site.url}/`);
  await plain.release('standing');
  const next = await lab.pool.lease(shop());
  expect(next.standing).toBe(false);
  await next.release('doubtful');
});

test('what nobody comes for is left behind after a while', async () => {
  await leave();
  await delay(3_300);
  const lease = await lab.pool.lease(shop());
  expect(lease.standing).toBe(false);
  expect(lease.page.url()).toBe('about:blank');
  await lease.release('doubtful');
});

test('a lease with its document standing wears its context by a tenth', async () => {
  const own = await openPool({ maxPages: 1, pagesPerContext: 2 });
  const led: boolean[] = [];
  try {
    for (let count = 0; count < 13; count++) {
      const lease = await own.pool.lease(shop());
      led.push(lease.standing);
      if (!lease.standing) await lease.page.goto(`${site.url}/`);
      await lease.release('standing');
    }
    expect(led.indexOf(false, 1)).toBeGreaterThanOrEqual(10);
    expect(led.filter((stands) => !stands)).toHaveLength(2);
  } finally {
    await own.close();
  }
});
