/** The memory of a browser as a whole, of a page after its lease, and a browser that gives no answer. */
import type { Page } from 'playwright';
import { afterEach, describe, expect, test } from 'vitest';
import { aborted, anyone, openPool, type PoolLab } from './pool-lab.js';

/** With two empty pages a browser takes about 200. */
const BUDGET_MB = 400;
let lab: PoolLab;

afterEach(() => lab.close());

/** So much memory, filled in the page, and kept. */
const hoard = (page: Page, mb: number): Promise<void> =>
  page.evaluate((count) => {
    const kept = Array.from({ length: count }, () => new Uint8Array(1 << 20).fill(1));
    Object.assign(window, { kept });
  }, mb);

const retired = (kind: 'browser.retired' | 'page.retired') =>
  lab.events.filter((event) => event.kind === kind && event.why === 'memory');

describe.runIf(process.platform === 'linux')('memory', () => {
  test('a browser over its budget takes no new page, its pages go on, and it is closed after the last', async () => {
    lab = await openPool({ maxBrowserMb: BUDGET_MB });
    const heavy = await lab.pool.lease(anyone());
    const other = await lab.pool.lease(anyone());
    await hoard(heavy.page, 300);
    await expect.poll(() => retired('browser.retired').length).toBe(1);
    expect(retired('browser.retired')).toMatchObject([{ browser: 0, memoryMb: expect.any(Number) }]);
    expect(await heavy.page.evaluate('kept.length')).toBe(300);
    await other.release('good');
    const next = await lab.pool.lease(anyone());
    expect(next.browser).toBe(1);
    expect(heavy.lost.aborted).toBe(false);
    await heavy.release('good');
    await expect.poll(() => lab.events.at(-1)).toEqual({ kind: 'browser.closed', browser: 0, served: 2 });
    expect(await next.page.evaluate('1 + 1')).toBe(2);
    await next.release('good');
  });

  test('what runs away is one page: it is stopped and told why, and the browser stays', async () => {
    lab = await openPool({ maxBrowserMb: BUDGET_MB, maxProcessMb: 0 });
    const greedy = await lab.pool.lease(anyone());
    const other = await lab.pool.lease(anyone());
    hoard(greedy.page, 900).catch(() => undefined); // it is stopped
    const reason = (await aborted(greedy.lost)) as Error;
    expect(reason).toMatchObject({ code: 'PAGE_MEMORY' });
    expect(reason.message).toMatch(
      /^the page used \d+ MB of memory while its browser used \d+ MB of memory, where 400 MB are its budget, and was stopped$/,
    );
    expect(other.lost.aborted).toBe(false);
    expect(await other.page.evaluate('1 + 1')).toBe(2);
    await greedy.release('broken');
    await other.release('good');
  });

  test('what runs away is nobody by himself: the browser is stopped, and none of its pages is blamed', async () => {
    lab = await openPool({ maxBrowserMb: BUDGET_MB, maxPages: 4 });
    const leases = await Promise.all(Array.from({ length: 4 }, () => lab.pool.lease(anyone())));
    for (const { page } of leases) hoard(page, 170).catch(() => undefined);
    for (const { lost } of leases) {
      const reason = (await aborted(lost)) as Error;
      expect(reason).toMatchObject({ code: 'BROWSER_CRASHED', retry: { afterMs: expect.any(Number) } });
      expect(reason.message).toMatch(/^the browser was stopped: it used \d+ MB of memory, where 400 MB are/);
    }
    await Promise.all(leases.map((lease) => lease.release('broken')));
    const next = await lab.pool.lease(anyone());
    expect(next.browser).toBe(1);
    await next.release('good');
  });

  test('a page that holds much memory at the end of its lease does not serve again; the one beside it does', async () => {
    lab = await openPool({ maxProcessMb: 600 });
    const heavy = await lab.pool.lease(anyone());
    const other = await lab.pool.lease(anyone());
    await hoard(heavy.page, 350);
    await expect.poll(() => lab.pool.stats().memoryMb).toBeGreaterThan(450);
    await other.release('good');
    expect(retired('page.retired')).toEqual([]);
    await heavy.release('good');
    expect(retired('page.retired')).toEqual([{ kind: 'page.retired', browser: 0, why: 'memory' }]);
    const again = await lab.pool.lease(anyone());
    expect(again.page).toBe(other.page);
    await again.release('good');
  });

  test('a browser that gives no answer is stopped, and the next lease works', async () => {
    lab = await openPool({ silentTimeoutMs: 2_000 });
    const leases = [await lab.pool.lease(anyone()), await lab.pool.lease(anyone())];
    await expect.poll(() => lab.pool.stats().memoryMb).toBeGreaterThan(0); // it has been looked at
    for (const pid of await lab.browserProcesses()) process.kill(pid, 'SIGSTOP');
    for (const { lost } of leases) {
      expect(await aborted(lost)).toMatchObject({
        code: 'BROWSER_CRASHED',
        message: 'the browser was stopped: it did not answer for 2 seconds',
        retry: { afterMs: expect.any(Number) },
      });
    }
    await Promise.all(leases.map((lease) => lease.release('broken')));
    const next = await lab.pool.lease(anyone());
    expect(await next.page.evaluate('1 + 1')).toBe(2);
    await next.release('good');
  });
});
