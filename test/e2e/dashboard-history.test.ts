/** The front page with ten thousand batches behind it: how much is sent, and how soon it is there. */
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findChromium } from '../../browser-pool/find-chromium.mjs';
import { writeNight } from '../support/history.js';
import { type Lab, openLab } from '../support/lab.js';

const TARGETS = 40;
const NIGHTS = 250;
const MOST_KB = 150;
/** Half a second on a machine with nothing else to do; here others are at work as well. */
const MOST_MS = 20_000;

let lab: Lab;
let url: string;
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
  const from = performance.now();
  const server = lab.start(['serve', '--port', '0']);
  await server.says(/serving http/);
  startMs = performance.now() - from;
  url = /serving (http:\S+)/.exec(server.said())?.[1] ?? '';
}, 240_000);

afterAll(() => lab?.close());

test('it is small, and there at once', async () => {
  const browser = await chromium.launch({ executablePath: findChromium()?.path ?? '' });
  const looks: { paintMs: number; gridMs: number; nights: number }[] = [];
  let sentKb = 0;
  for (let round = 0; round < 5; round++) {
    const context = await browser.newContext({ viewport: { width: 1_200, height: 900 } });
    const page = await context.newPage();
    const sent: Promise<number>[] = [];
    page.on('response', (response) => {
      if (/\/(?:ui\/.*)?$/.test(new URL(response.url()).pathname))
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
    await page.goto(url);
    await page.waitForFunction(() => performance.getEntriesByName('grid').length > 0);
    looks.push(
      await page.evaluate(() => ({
        paintMs: Math.round(performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0),
        gridMs: Math.round(performance.getEntriesByName('grid')[0]?.startTime ?? 0),
        nights: document.querySelectorAll('table.nights a').length,
      })),
    );
    sentKb = (await Promise.all(sent)).reduce((sum, bytes) => sum + bytes, 0) / 1_000;
    await context.close();
  }
  await browser.close();
  const median = (of: (look: (typeof looks)[number]) => number): number =>
    looks.map(of).toSorted((a, b) => a - b)[2] ?? 0;
  console.log(
    `${TARGETS * NIGHTS} batches: serving after ${Math.round(startMs)} ms; ${sentKb.toFixed(1)} KB gzipped in all; ` +
      `first paint after ${median((look) => look.paintMs)} ms, the grid of ${median((look) => look.nights)} nights after ${median((look) => look.gridMs)} ms (medians of 5)`,
  );
  expect(sentKb).toBeGreaterThan(10);
  expect(sentKb).toBeLessThan(MOST_KB);
  expect(median((look) => look.nights)).toBeGreaterThan(TARGETS * 7);
  expect(median((look) => look.gridMs)).toBeLessThan(MOST_MS);
});
