/** The front page with thousands of batches behind it, in the long run ten thousand: how much is sent, and how soon it is there. */
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeNight } from '../support/history.js';
import { type Lab, openLab } from '../support/lab.js';
import { isLong } from '../support/long.js';
import { openVisitor } from '../support/visitor.js';

const TARGETS = 40;
const NIGHTS = isLong ? 250 : 75;
/** Where there are fewer nights, fewer bytes are what would be too much. */
const MOST_KB = isLong ? 150 : 80;
/** Of the time with a single night behind it: what a machine takes, this one and now, is in both. */
const MOST_TIMES = 2;
/** Half a second is asked of a machine with nothing else to do; here others are at work as well. */
const MOST_GRID_MS = 20_000;
const ROUNDS = isLong ? 5 : 3;

let lab: Lab;
let small: Lab;
let url: string;
let smallUrl: string;
let startMs: number;

beforeAll(async () => {
  lab = await openLab();
  for (let night = 0; night < NIGHTS; night++) {
    const date = new Date(Date.UTC(2026, 0, 1 + night)).toISOString().slice(0, 10);
    await Promise.all(
      Array.from({ length: TARGETS }, (_, target) =>
        writeNight(lab.home, {
          target: `shop-${String(target).padStart(2, '0')}`,
          date,
          rows: 1_000 + ((night * 7 + target * 13) % 40),
          state: (night + target) % 37 === 0 ? 'held' : 'delivered',
          margin: (night + target) % 29 === 0 ? -0.1 : 0.6,
        }),
      ),
    );
  }
  small = await openLab();
  await writeNight(small.home, { target: 'shop', date: '2026-01-01' });
  smallUrl = await serve(small);
  const from = performance.now();
  url = await serve(lab);
  startMs = performance.now() - from;
});

afterAll(async () => {
  await lab?.close();
  await small?.close();
});

async function serve(from: Lab): Promise<string> {
  const server = from.start(['serve', '--port', '0']);
  await server.says(/serving http/);
  return /serving (http:\S+)/.exec(server.said())?.[1] ?? '';
}

interface Look {
  paintMs: number;
  gridMs: number;
  nights: number;
  /** Of all that was sent, data included, as gzip has it. */
  sentKb: number;
}

async function lookAt(browser: Browser, address: string): Promise<Look> {
  const context = await browser.newContext({ viewport: { width: 1_200, height: 900 } });
  const page = await context.newPage();
  const sent: Promise<number>[] = [];
  page.on('response', (response) => {
    if (!response.url().endsWith('/events'))
      sent.push(response.body().then((body) => gzipSync(body, { level: 9 }).length));
  });
  await page.addInitScript(() => {
    const watched = new MutationObserver(() => {
      if (document.querySelector('table.nights a') === null) return;
      watched.disconnect();
      requestAnimationFrame(() => performance.mark('grid'));
    });
    watched.observe(document, { childList: true, subtree: true });
  });
  await page.goto(address);
  await page.waitForFunction(() => performance.getEntriesByName('grid').length > 0);
  const seen = await page.evaluate(() => ({
    paintMs: Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0),
    gridMs: Math.round(performance.getEntriesByName('grid')[0]?.startTime ?? 0),
    nights: document.querySelectorAll('table.nights a').length,
  }));
  const sentKb = (await Promise.all(sent)).reduce((sum, bytes) => sum + bytes, 0) / 1_000;
  await context.close();
  return { ...seen, sentKb };
}

test('it is small, and there at once', async () => {
  const visitor = await openVisitor();
  const looks: Look[] = [];
  const smallLooks: Look[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    looks.push(await lookAt(visitor.browser, url));
    smallLooks.push(await lookAt(visitor.browser, smallUrl));
  }
  await visitor.close();
  const median = (name: keyof Look, of = looks): number =>
    of.map((look) => look[name]).toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  const smallPaintMs = median('paintMs', smallLooks);
  console.log(
    `${TARGETS * NIGHTS} batches: serving after ${Math.round(startMs)} ms; ${median('sentKb').toFixed(1)} KB in all, data included, as gzip has it; ` +
      `first paint after ${median('paintMs')} ms (${smallPaintMs} with one batch), the grid of ${median('nights')} nights after ${median('gridMs')} ms (medians of ${ROUNDS})`,
  );
  expect(median('sentKb')).toBeGreaterThan(10);
  expect(median('sentKb')).toBeLessThan(MOST_KB);
  expect(median('nights')).toBeGreaterThan(TARGETS * 7);
  expect(median('nights')).toBeLessThan((TARGETS * NIGHTS) / 2);
  expect(median('paintMs')).toBeGreaterThan(0);
  expect(median('paintMs')).toBeLessThan(smallPaintMs * MOST_TIMES + 100);
  expect(median('gridMs')).toBeLessThan(MOST_GRID_MS);
});
