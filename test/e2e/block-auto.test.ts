/** `block: 'auto'` from discovery to delivery, over two nights. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Report } from '../../src/delivery/manifest.js';
import { type Lab, openLab } from '../support/lab.js';
import { isLong } from '../support/long.js';
import { PLAIN, type PricedSite, startPricedSite } from '../support/priced-site.js';
import { runBatch } from '../support/run-batch.js';

const PAGES = 48;
const args = ['--concurrency', '2'];
let lab: Lab;
let site: PricedSite;

beforeAll(async () => {
  site = await startPricedSite(PAGES);
  lab = await openLab();
});

beforeEach(() => {
  Object.assign(site.settings, PLAIN);
});

afterAll(async () => {
  await lab?.close();
  await site?.stop();
});

function autoTarget(name: string): Promise<string> {
  return lab.target(
    name,
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ id: z.string(), price: z.string() }),
  key: ['id'],
  block: 'auto',
  discover: sitemap('${site.url}/sitemap.xml'),
  ready: 'article',
  fields: { rows: 'article', fields: { id: '@data-id', price: '@data-price' } },
});
`,
  );
}

async function expectThePrices(name: string, date: string, countsPriceFrom = PAGES): Promise<void> {
  const rows = await lab.query(name, date, 'select id, price from FILES order by id::int');
  const priceOf = (page: number) => `${page}.${page < countsPriceFrom ? '00' : '50'}`;
  expect(rows).toEqual(
    Array.from({ length: PAGES }, (_, page) => ({ id: String(page), price: priceOf(page) })),
  );
}

test('a host that no row needs is left alone after a few pages, and from the start the next night', async () => {
  const target = await autoTarget('counted');
  const first = await runBatch(lab, target, { date: '2026-03-01', args });
  expect(first.code, first.stderr).toBe(0);
  expect(first.stderr).toContain(`"hosts":["${site.counter.host}"],"needed":["${site.prices.host}"]`);
  const { lean = 0, whole = 0, compared = 0, off } = first.report.blocking ?? {};
  expect(off).toBeUndefined();
  expect(lean + whole).toBe(PAGES);
  expect(lean).toBeGreaterThan(PAGES / 5); // the slower the machine, the more are begun before it is known
  expect(compared).toBeGreaterThan(0);
  await expectThePrices('counted', '2026-03-01');

  const kept = await readFile(path.join(lab.home, 'targets', 'counted', 'block.json'), 'utf8');
  expect(JSON.parse(kept).labels['']).toMatchObject({
    left: [site.counter.host],
    needed: [site.prices.host],
  });
  if (!isLong) return; // the next night: test/integration/page/lean-lane.test.ts
  site.counter.asked.length = 0;
  const second = await runBatch(lab, target, { date: '2026-03-02', args });
  expect(second.code, second.stderr).toBe(0);
  expect(second.report.blocking?.lean).toBeGreaterThan(lean);
  expect(site.counter.asked.length).toBeLessThan(PAGES / 2);
  await expectThePrices('counted', '2026-03-02');
});

test('a host that rows come to need is found out, and what was read without it is rendered again', async () => {
  site.asked.length = 0;
  const target = await autoTarget('recounted');
  const running = lab.start(['run', target, '--json', '--date', '2026-03-01', ...args]);
  await running.says(/"hosts":\["[^"]+"\],"needed":\["/);
  // While pages are asked for without it, however many that took.
  const asked = site.asked.map((url) => Number(/^\/p\/(\d+)/.exec(url)?.[1] ?? 0));
  const from = Math.max(...asked) + 4;
  site.settings.countsPriceFrom = from;
  const { code, stdout, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  const report = JSON.parse(stdout) as Report;
  expect(report.blocking?.off).toMatch(/gives other rows than when it is loaded whole/);
  expect(stderr).toMatch(/"batch\.block-off"/);
  expect(stderr).toMatch(/"batch\.block-undone"/);
  expect(report.pages).toMatchObject({ frontier: PAGES, completed: PAGES });
  expect(report.rows).toMatchObject({ read: PAGES, delivered: PAGES });
  await expectThePrices('recounted', '2026-03-01', from);
});
