import { afterEach, expect, test } from 'vitest';
import { isLong } from '../../support/long.js';
import { aborted, anyone, openPool, type PoolLab } from './pool-lab.js';

let lab: PoolLab;

afterEach(() => lab.close());

test('a waiter whose signal aborts is refused at once and leaks no slot; at the end who waits and who has a page is told', async () => {
  lab = await openPool({ maxPages: 1 });
  const out = await lab.pool.lease(anyone());
  const stop = new AbortController();
  const refused = expect(lab.pool.lease(anyone(), stop.signal)).rejects.toThrow('enough');
  const patient = lab.pool.lease(anyone());
  await expect.poll(() => lab.pool.stats().waiting).toBe(2);
  stop.abort(new Error('enough'));
  await refused;
  expect(lab.pool.stats()).toMatchObject({ waiting: 1, leased: 1 });
  await out.release('good');
  await (await patient).release('good');
  await expect.poll(() => lab.pool.stats().leased).toBe(0);
  await closesWithALeaseOut();
});

/** Close ends, refuses who waits, and tells who has one. */
async function closesWithALeaseOut(): Promise<void> {
  const out = await lab.pool.lease(anyone());
  const refused = expect(lab.pool.lease(anyone())).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await lab.pool.close();
  await refused;
  expect(out.lost.aborted).toBe(true);
  await out.release('good');
  await expect(lab.pool.lease(anyone())).rejects.toMatchObject({ code: 'INTERRUPTED' });
}

test('a launch that fails tells every waiter why, and the next lease tries again', async () => {
  lab = await openPool({ maxPages: 3, executablePath: '/no/such/chromium' });
  const asked = Array.from({ length: 3 }, () => lab.pool.lease(anyone()));
  for (const { status, reason } of (await Promise.allSettled(asked)) as PromiseRejectedResult[]) {
    expect(status).toBe('rejected');
    expect(reason).toMatchObject({
      code: 'BROWSER_UNAVAILABLE',
      message: '/no/such/chromium does not exist',
    });
  }
  await expect(lab.pool.lease(anyone())).rejects.toMatchObject({ code: 'BROWSER_UNAVAILABLE' });
  expect(lab.pool.stats()).toMatchObject({ browsers: 0, leased: 0, waiting: 0 });
});

test('a renderer killed costs only its page; Chromium killed: each lease is told, and the next works', async () => {
  lab = await openPool();
  const victim = await lab.pool.lease(anyone());
  const other = await lab.pool.lease(anyone());
  victim.page.goto('chrome://crash').catch(() => undefined);
  expect(await aborted(victim.lost)).toMatchObject({ code: 'PAGE_CRASHED' });
  await victim.release('doubtful');
  expect(await other.page.evaluate('1 + 1')).toBe(2);
  expect(other.lost.aborted).toBe(false);
  const beside = await lab.pool.lease(anyone());
  expect(beside.browser).toBe(other.browser);
  await other.release('good');
  await beside.release('good');

  const leases = [await lab.pool.lease(anyone('one')), await lab.pool.lease(anyone('two'))];
  for (const pid of await lab.browserProcesses()) process.kill(pid, 'SIGKILL');
  for (const lease of leases)
    expect(await aborted(lease.lost)).toMatchObject({ code: 'BROWSER_CRASHED', scope: 'browser' });
  await Promise.all(leases.map((lease) => lease.release('broken')));
  const next = await lab.pool.lease(anyone('one'));
  expect(next.browser).toBe(1);
  expect(await next.page.evaluate('1 + 1')).toBe(2);
  await next.release('good');
});

test('of the pages of a killed browser each is told that, whatever it was doing', async () => {
  lab = await openPool({ maxPages: 8 });
  for (let round = 0; round < (isLong ? 3 : 1); round++) {
    const leases = await Promise.all(Array.from({ length: 8 }, () => lab.pool.lease(anyone())));
    const calls = leases.map(async ({ page, lost }) => {
      await page.evaluate('new Promise(() => undefined)').catch(() => undefined);
      return lost.aborted;
    });
    for (const pid of await lab.browserProcesses()) process.kill(pid, 'SIGKILL');
    // Whoever sees the call fail must find the reason there.
    expect(await Promise.all(calls)).toEqual(leases.map(() => true));
    for (const { lost } of leases) {
      expect(lost.reason).toMatchObject({
        code: 'BROWSER_CRASHED',
        retry: { afterMs: expect.any(Number) },
      });
    }
    await Promise.all(leases.map((lease) => lease.release('broken')));
  }
});

test('a lease alone in its browser neither harms others nor is harmed, and comes one at a time', async () => {
  lab = await openPool({ maxPages: 1 });
  const other = await lab.pool.lease(anyone());
  const [main] = await lab.browserProcesses();
  const alone = await lab.pool.lease({ ...anyone(), alone: true });
  const second = lab.pool.lease({ ...anyone(), alone: true });
  await expect.poll(() => lab.pool.stats()).toMatchObject({ browsers: 2, leased: 2, waiting: 1 });
  for (const pid of await lab.browserProcesses()) if (pid !== main) process.kill(pid, 'SIGKILL');
  expect(await aborted(alone.lost)).toMatchObject({
    code: 'BROWSER_CRASHED',
    message: 'the browser went away while the page was at work, with no other page in it',
    retry: 'later',
  });
  await alone.release('broken');
  expect(await other.page.evaluate('1 + 1')).toBe(2);
  await other.release('good');
  await (await second).release('good');
  await expect.poll(() => lab.pool.stats()).toMatchObject({ browsers: 1, leased: 0 });
});

test('a page that hangs gives its slot back at once, long before it is closed', async () => {
  lab = await openPool({ maxPages: 1 });
  const forever = (): void => {
    console.log('from here on');
    for (;;);
  };
  for (const [how, mostMs] of [
    ['doubtful', 500],
    ['good', 5_000],
  ] as const) {
    const hung = await lab.pool.lease(anyone());
    const spins = hung.page.waitForEvent('console');
    hung.page.evaluate(forever).catch(() => undefined);
    await spins;
    const released = performance.now();
    await hung.release(how);
    expect(lab.pool.stats().leased).toBe(0);
    expect(performance.now() - released).toBeLessThan(mostMs);
    const next = await lab.pool.lease(anyone());
    expect(next.page).not.toBe(hung.page);
    expect(await next.page.evaluate('1 + 1')).toBe(2);
    await next.release('good');
  }
});
