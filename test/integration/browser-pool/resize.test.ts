import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { Lease } from '../../../browser-pool/index.js';
import { anyone, openPool, type PoolLab } from './pool-lab.js';

let lab: PoolLab;

afterEach(() => lab.close());

const lease = (count: number): Promise<Lease[]> =>
  Promise.all(Array.from({ length: count }, () => lab.pool.lease(anyone())));

test('fewer pages: those out stay out, the next lease waits for its turn; more pages: it comes', async () => {
  lab = await openPool({ maxPages: 3 });
  const [first, second, third] = await lease(3);
  lab.pool.resize(1);
  expect(lab.pool.stats()).toMatchObject({ leased: 3, maxPages: 1 });
  const next = lab.pool.lease(anyone());
  await first?.release('good');
  await second?.release('good');
  expect(lab.pool.stats()).toMatchObject({ leased: 1, waiting: 1 });
  await third?.release('good');
  const fourth = await next;
  expect(lab.pool.stats()).toMatchObject({ leased: 1, waiting: 0 });
  const fifth = lab.pool.lease(anyone());
  await expect.poll(() => lab.pool.stats()).toMatchObject({ leased: 1, waiting: 1 });
  lab.pool.resize(2);
  await (await fifth).release('good');
  await fourth.release('good');
  lab.pool.resize(99);
  expect(lab.pool.stats()).toMatchObject({ leased: 0, maxPages: 3 });
  for (const one of await lease(3)) await one.release('good');
});

test('fewer pages: what is kept warm beyond them is closed, and its memory is free', async () => {
  lab = await openPool({ maxPages: 4 });
  const leases = await lease(4);
  const [kept] = leases;
  const pages = (): number => kept?.page.context().pages().length ?? 0;
  for (const one of leases.slice(1)) await one.release('good');
  expect(pages()).toBe(4);
  lab.pool.resize(2);
  await expect.poll(pages).toBe(2);
  lab.pool.resize(1);
  await expect.poll(pages).toBe(1);
  await kept?.release('good');
  expect(pages()).toBe(1);
});

test('renewed: the next lease is from a new browser, and the old one goes with its last lease', async () => {
  lab = await openPool();
  const [old, idle] = await lease(2);
  await idle?.release('good');
  lab.pool.renew();
  const fresh = await lab.pool.lease(anyone());
  expect([old?.browser, fresh.browser]).toEqual([0, 1]);
  expect(await old?.page.evaluate('1 + 1')).toBe(2);
  await old?.release('good');
  await expect.poll(() => lab.events).toContainEqual({ kind: 'browser.closed', browser: 0, served: 2 });
  await fresh.release('good');
  lab.pool.renew();
  lab.pool.renew();
  await expect.poll(() => lab.pool.stats().browsers).toBe(0);
});

test.runIf(process.platform === 'linux')(
  'tells the memory of its browsers, between what is theirs alone and the sum of all that is resident',
  async () => {
    lab = await openPool({ maxProcessMb: 0 });
    expect(lab.pool.stats().memoryMb).toBe(0);
    const [one, other] = await lease(2);
    await one?.page.evaluate(() => Object.assign(globalThis, { kept: new Uint8Array(200 << 20).fill(1) }));
    await expect.poll(() => lab.pool.stats().memoryMb).toBeGreaterThan(250);
    const { anonymous, resident } = treeMb((await lab.browserProcesses())[0] ?? 0);
    expect(lab.pool.stats().memoryMb).toBeGreaterThan(anonymous * 0.8);
    expect(lab.pool.stats().memoryMb).toBeLessThan(resident * 0.9);
    await one?.release('good');
    await other?.release('good');
    lab.pool.renew();
    await expect.poll(() => lab.pool.stats().memoryMb).toBe(0);
  },
);

/** By the kernel's exact account of a process and its descendants, MB: proportional anonymous memory, and resident memory. */
function treeMb(pid: number): { anonymous: number; resident: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mb = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) / 1024;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children
    .map((child) => treeMb(Number(child)))
    .reduce(
      (sum, { anonymous, resident }) => ({
        anonymous: sum.anonymous + anonymous,
        resident: sum.resident + resident,
      }),
      { anonymous: mb('Pss_Anon'), resident: mb('Rss') },
    );
}
