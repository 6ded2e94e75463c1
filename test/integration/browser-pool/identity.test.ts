import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Lease } from '../../../browser-pool/index.js';
import { anyone, openPool, openSite, type PoolLab, type Site } from './pool-lab.js';

let lab: PoolLab;
let site: Site;

beforeAll(async () => {
  site = await openSite();
  return () => site.close();
});

afterEach(() => lab.close());

async function visit(lease: Lease, script: string): Promise<unknown> {
  await lease.page.goto(`${site.url}/`);
  return lease.page.evaluate(script);
}

/** Leases one after the other; each page's context and browser. */
async function serve(times: number, identity = 'one') {
  const served = [];
  for (let time = 0; time < times; time++) {
    const lease = await lab.pool.lease(anyone(identity));
    served.push({ page: lease.page, context: lease.page.context(), browser: lease.browser });
    await lease.release('good');
  }
  return served;
}

test('storage and cookies are kept within an identity and never seen by another', async () => {
  lab = await openPool();
  const mark = 'localStorage.who = "first"; document.cookie = "who=first"';
  const look = '[localStorage.who, document.cookie]';
  const first = await lab.pool.lease(anyone('first'));
  await visit(first, mark);
  const second = await lab.pool.lease(anyone('second'));
  expect(await visit(second, look)).toEqual([undefined, '']);
  await first.release('good');
  await second.release('good');
  const again = await lab.pool.lease(anyone('first'));
  expect(await visit(again, look)).toEqual(['first', 'who=first']);
  const fresh = await lab.pool.lease({ ...anyone('first'), fresh: true });
  expect(await visit(fresh, look)).toEqual([undefined, '']);
  await again.release('good');
  await fresh.release('good');
  const last = await lab.pool.lease(anyone('second'));
  expect(await visit(last, look)).toEqual([undefined, '']);
  await last.release('good');
});

test('however many ask at once, one browser and one context serve an identity', async () => {
  lab = await openPool({ maxPages: 6 });
  const leases = await Promise.all(Array.from({ length: 6 }, () => lab.pool.lease(anyone())));
  expect(new Set(leases.map((lease) => lease.page.context())).size).toBe(1);
  expect(lab.events).toEqual([{ kind: 'browser.launched', browser: 0 }]);
  await Promise.all(leases.map((lease) => lease.release('good')));
});

test('two identities at work in turn keep their warm pages; warm pages and leases are never more than maxPages', async () => {
  lab = await openPool({ maxPages: 2 });
  const [first] = await serve(1, 'one');
  const [second] = await serve(1, 'two');
  expect((await serve(1, 'one'))[0]?.page).toBe(first?.page);
  expect((await serve(1, 'two'))[0]?.page).toBe(second?.page);
  const closed = first?.page.waitForEvent('close');
  await serve(1, 'three');
  await closed;
  expect((await serve(1, 'one'))[0]?.page).not.toBe(first?.page);
});

test('a context is replaced after pagesPerContext leases, its page with it', async () => {
  lab = await openPool({ maxPages: 1, pagesPerContext: 2 });
  const served = await serve(5);
  const contexts = [...new Set(served.map(({ context }) => context))];
  expect(served.map(({ context }) => contexts.indexOf(context))).toEqual([0, 0, 1, 1, 2]);
  expect(new Set(served.map(({ browser }) => browser)).size).toBe(1);
  expect(served[1]?.page).toBe(served[0]?.page);
  expect(served[2]?.page.isClosed()).toBe(true);
});

test('pagesPerContext holds also when many ask at once', async () => {
  lab = await openPool({ maxPages: 4, pagesPerContext: 2 });
  const leases = await Promise.all(Array.from({ length: 4 }, () => lab.pool.lease(anyone())));
  const contexts = [...new Set(leases.map((lease) => lease.page.context()))];
  expect(contexts.map((one) => leases.filter(({ page }) => page.context() === one).length)).toEqual([2, 2]);
  await Promise.all(leases.map((lease) => lease.release('good')));
});

test('a browser is replaced after pagesPerBrowser leases and closed when its last lease is back', async () => {
  lab = await openPool({ maxPages: 2, pagesPerBrowser: 2 });
  const long = await lab.pool.lease(anyone());
  const [short, next] = await serve(2);
  expect([long.browser, short?.browser, next?.browser]).toEqual([0, 0, 1]);
  expect(lab.pool.stats().browsers).toBe(2);
  expect(await visit(long, 'document.body.innerText')).toBe('page');
  await long.release('good');
  await expect.poll(() => lab.events).toContainEqual({ kind: 'browser.closed', browser: 0, served: 2 });
  expect(lab.pool.stats().browsers).toBe(1);
});

test('a warm page that nobody uses does not hold up a retired browser', async () => {
  lab = await openPool({ maxPages: 2, pagesPerBrowser: 3 });
  await serve(1, 'idle');
  await serve(2, 'busy');
  await expect.poll(() => lab.events).toContainEqual({ kind: 'browser.closed', browser: 0, served: 3 });
});
