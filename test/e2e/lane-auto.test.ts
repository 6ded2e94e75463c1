/** `lane: 'auto'` from discovery to delivery: the same dataset as rendering every page, whatever the API does. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { LaneBooks } from '../../src/delivery/manifest.js';
import type { BatchSnapshot } from '../../src/telemetry/snapshot.js';
import { type RunningShop, startShop } from '../shop/server.mjs';
import { type DataSite, itemAt, itemsTarget, startDataSite } from '../support/data-site.js';
import { dataTarget } from '../support/data-target.js';
import { type Lab, openLab } from '../support/lab.js';
import { longOnly } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';

const args = ['--concurrency', '2'];
let lab: Lab;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab?.close());

/** As it was shown when the last page had its outcome. */
function laneShown(stderr: string): BatchSnapshot['lane'] {
  const line = stderr
    .split('\n')
    .findLast((text) => /"event":"batch\.state".*"state":"aggregating"/.test(text));
  return (JSON.parse(line ?? '{}') as BatchSnapshot).lane;
}

/** Resolves when so many pages were asked for, in either way. */
async function atPage(site: DataSite, page: number): Promise<void> {
  const asked = () =>
    new Set([...site.documents.keys(), ...site.fetches.map((fetched) => fetched.page)]).size;
  await expect.poll(asked, { interval: 5 }).toBeGreaterThanOrEqual(page);
}

async function expectTheItems(name: string, date: string, pages: number): Promise<void> {
  const rows = await lab.query(name, date, 'select sku, price from FILES order by price');
  expect(rows).toEqual(Array.from({ length: pages }, (_, page) => itemAt(page)));
}

test('pages are fetched after a few, through another shape of the API and a token that ends; the next night sooner', async () => {
  const pages = 240;
  const site = await startDataSite(pages);
  try {
    const { settings } = site;
    settings.latencyMs = 40;
    settings.token = 'first';
    const target = await itemsTarget(lab, 'fetched', site);
    const running = runBatch(lab, target, { date: '2026-03-01', args });
    await atPage(site, 45);
    settings.token = 'second';
    await atPage(site, 60);
    settings.token = 'third';
    await atPage(site, 80);
    settings.nested = true;
    const first = await running;
    expect(first.code, first.stderr).toBe(0);
    await expectTheItems('fetched', '2026-03-01', pages);
    expect(first.report.pages).toMatchObject({ completed: pages, dead: 0 });
    const { off, fetched, rendered, renderedFor } = first.report.lane as LaneBooks;
    expect(off).toBeUndefined();
    expect(fetched).toBeGreaterThan(pages / 3);
    // It is had anew by those that were in flight when it ended; by a sample as well, if one comes then.
    expect(renderedFor.session).toBeGreaterThanOrEqual(1);
    expect(renderedFor.session).toBeLessThan(10);
    expect(renderedFor.doubt).toBeGreaterThan(0);

    const kept = JSON.parse(await readFile(path.join(lab.home, 'targets', 'fetched', 'lane.json'), 'utf8'));
    expect(Object.keys(kept.kinds)).toEqual(['2 segments']);
    settings.latencyMs = 0;
    const second = await runBatch(lab, target, { date: '2026-03-02', args });
    expect(second.code, second.stderr).toBe(0);
    await expectTheItems('fetched', '2026-03-02', pages);
    const kinds = [{ kind: '2 segments', stage: 'fetching' }];
    expect(laneShown(second.stderr)).toEqual({ ...second.report.lane, stage: 'fetching', kinds });
    expect(second.report.lane?.fetched).toBeGreaterThan(pages / 2);
    expect(second.report.lane?.rendered).toBeLessThan(rendered);
  } finally {
    await site.stop();
  }
});

test('an API that begins to lie is found out by a sample, and what was fetched since the last is rendered again', async () => {
  const pages = 48;
  const site = await startDataSite(pages);
  try {
    site.settings.liesFrom = 9;
    const target = await itemsTarget(lab, 'lied', site);
    const { code, report, stderr } = await runBatch(lab, target, { date: '2026-03-01', args });
    expect(code, stderr).toBe(0);
    await expectTheItems('lied', '2026-03-01', pages);
    // By a page that is fetched and loaded, or, when no such one was left, by the last that was fetched.
    expect(report.lane?.off).toMatch(
      /gives other rows than when it is loaded: (?:row 1: price|not what was read of it before)/,
    );
    const { off, fetched, rendered } = report.lane as LaneBooks;
    expect(laneShown(stderr)).toMatchObject({ stage: 'off', why: off, fetched, rendered });
    expect(stderr).toMatch(/"batch\.lane-off"/);
    expect(stderr).toMatch(/"batch\.lane-undone"/);
  } finally {
    await site.stop();
  }
});

longOnly('of the demo shop', () => {
  const PAGES = 160;
  let shop: RunningShop;
  /** By rendering every page. */
  let truth: Record<string, unknown>[];

  beforeAll(async () => {
    shop = await startShop({ products: PAGES });
    const plain = await dataTarget(lab, { name: 'plain', shop: shop.url, lane: 'render' });
    const rendered = await runBatch(lab, plain, { date: '2026-03-01' });
    expect(rendered.code, rendered.stderr).toBe(0);
    truth = await rowsOf('plain', '2026-03-01');
  });

  afterEach(async () => {
    await shop.control({ guard: null, manner: null, nested: false });
  });

  afterAll(async () => {
    await shop?.stop();
  });

  /** Rows as they were delivered, without when and by which batch. */
  const rowsOf = (name: string, date: string) =>
    lab.query(name, date, 'select * exclude (_fetched_at, _batch, date) from FILES order by sku');

  /** Runs a target in the auto lane; `meanwhile` once, when so many pages have their outcome. */
  async function runAuto(name: string, more: { after?: number; meanwhile?: () => Promise<void> } = {}) {
    const target = await dataTarget(lab, { name, shop: shop.url, lane: 'auto' });
    shop.clearLog();
    let over = false;
    const changing = (async () => {
      if (more.meanwhile === undefined) return;
      while (!over && Object.keys(shop.log().rendered).length < (more.after ?? 0)) await delay(20);
      await more.meanwhile();
    })();
    const ran = await runBatch(lab, target, { date: '2026-03-01' });
    over = true;
    await changing;
    expect(ran.code, ran.stderr).toBe(0);
    return { ...ran, lane: ran.report.lane as LaneBooks };
  }

  test('pages are fetched after a few, and give what rendering them gives; the next night sooner', async () => {
    const first = await runAuto('fetched');
    expect(await rowsOf('fetched', '2026-03-01')).toEqual(truth);
    expect(first.report.lane?.off).toBeUndefined();
    expect(first.report.lane?.fetched).toBeGreaterThan(PAGES / 2);

    const kept = JSON.parse(await readFile(path.join(lab.home, 'targets', 'fetched', 'lane.json'), 'utf8'));
    expect(Object.keys(kept.kinds)).toEqual(['2 segments']);
    const target = path.join(lab.dir, 'targets', 'fetched.ts');
    const second = await runBatch(lab, target, { date: '2026-03-02' });
    expect(second.code, second.stderr).toBe(0);
    expect(second.report.lane?.fetched).toBeGreaterThan(PAGES / 2);
    expect(await rowsOf('fetched', '2026-03-02')).toEqual(truth);
  });

  test('an API that changes its shape in the middle is rendered until it is known again', async () => {
    const { lane } = await runAuto('reshaped', {
      after: 70,
      meanwhile: () => shop.control({ nested: true }),
    });
    expect(await rowsOf('reshaped', '2026-03-01')).toEqual(truth);
    expect(lane.off).toBeUndefined();
    expect(lane.renderedFor.doubt).toBeGreaterThan(0);
    expect(lane.fetched).toBeGreaterThan(PAGES / 2);
  });

  test('a cookie that the script sets is sent as the browser would', async () => {
    await shop.control({ guard: { wants: 'cookie' }, manner: { proves: 'cookie' } });
    const { lane } = await runAuto('cookied');
    expect(await rowsOf('cookied', '2026-03-01')).toEqual(truth);
    expect(lane.fetched).toBeGreaterThan(PAGES / 2);
  });

  test('an API that lies to who does not compute a header is found out before a page is fetched', async () => {
    await shop.control({ guard: { wants: 'header' }, manner: { proves: 'header' } });
    const { lane } = await runAuto('proved');
    expect(await rowsOf('proved', '2026-03-01')).toEqual(truth);
    expect(lane).toMatchObject({ fetched: 0, rendered: lane.rendered });
    expect(lane.notLearned?.['2 segments']).toMatch(
      /^its answers are not the same to requests without the page: row 1: stock/,
    );
  });

  test('pages whose extract uses the page are rendered, all of them', async () => {
    const target = await dataTarget(lab, {
      name: 'touching',
      shop: shop.url,
      lane: 'auto',
      more: "ready: 'article',",
      title: 'page.title().then((title) => title.slice(0, 0) + product.title)',
    });
    const { code, report, stderr } = await runBatch(lab, target, {
      date: '2026-03-01',
      args: ['--limit', '20'],
    });
    expect(code, stderr).toBe(0);
    expect(report.lane).toMatchObject({ fetched: 0, rendered: 20 });
    expect(report.lane?.notLearned?.['2 segments']).toMatch(/page/);
  });

  test('a token that expires is had anew by rendering one page', async () => {
    const guard = () => ({ token: { requests: 60 } });
    await shop.control({ guard: guard() });
    // A sample has it anew as well, before it expires; so it is ended while pages are fetched.
    const { lane, report } = await runAuto('tokened', {
      after: 70,
      async meanwhile() {
        await shop.control({ guard: guard() });
        while (Object.keys(shop.log().rendered).length < 110) await delay(20);
        await shop.control({ guard: guard() });
      },
    });
    expect(await rowsOf('tokened', '2026-03-01')).toEqual(truth);
    expect(lane.off).toBeUndefined();
    expect(lane.renderedFor.session).toBeGreaterThanOrEqual(2);
    expect(lane.renderedFor.session).toBeLessThan(20);
    expect(lane.fetched).toBeGreaterThan(PAGES / 2);
    expect(report.pages.dead).toBe(0);
  });

  test('an API that begins to lie is found out by a sample, and what was fetched since the last is rendered again', async () => {
    await shop.control({ manner: { proves: 'header' } });
    const { lane, stderr } = await runAuto('lied', {
      after: 60,
      meanwhile: () => shop.control({ guard: { wants: 'header' } }),
    });
    expect(await rowsOf('lied', '2026-03-01')).toEqual(truth);
    // By a page that is fetched and loaded, or, when no such one was left, by the last that was fetched.
    expect(lane.off).toMatch(
      /gives other rows than when it is loaded: (?:row 1: stock|not what was read of it before)/,
    );
    expect(stderr).toMatch(/"batch\.lane-off"/);
    expect(stderr).toMatch(/"batch\.lane-undone"/);
  });
});
