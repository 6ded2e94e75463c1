/**
 * A target that is down in the middle of a batch: nobody listens any more, for longer than a page's tries last. The
 * batch pauses, tries one page at a time, and goes on by itself; no page has an attempt counted for it.
 */
import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { isLong } from '../support/long.js';

const PAGES = isLong ? 60 : 20;
const DOWN_MS = isLong ? 15_000 : 5_000;

let lab: Lab;
let server: Server;
let port = 0;
let served = 0;
let lastServedAtMs = 0;

beforeAll(async () => {
  lab = await openLab({ LOG_LEVEL: 'info' });
  await listen();
});
afterAll(async () => {
  await goDown();
  await lab.close();
});

function listen(): Promise<void> {
  server = createServer((request, response) => {
    const isPage = request.url?.startsWith('/p/') === true;
    if (isPage) {
      served += 1;
      lastServedAtMs = Date.now();
    }
    const answer = (): void => {
      response.writeHead(isPage ? 200 : 404, { 'content-type': 'text/html' }).end(`<h1>${request.url}</h1>`);
    };
    setTimeout(answer, 30);
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      port = (server.address() as { port: number }).port;
      resolve();
    });
  });
}

async function goDown(): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

test('is waited for, and costs no page', async () => {
  const file = await lab.target(
    'down',
    `import { z } from 'zod';
import { defineTarget } from 'thresh';
export default defineTarget({
  name: 'down', schema: z.object({ title: z.string() }), key: ['title'],
  discover: Array.from({ length: ${PAGES} }, (_, n) => 'http://127.0.0.1:${port}/p/' + n),
  ready: 'h1', fields: { fields: { title: 'h1' } }, retries: 0, throttle: { maxConcurrency: 4 },
});
`,
  );
  const run = lab.start(['run', file, '--date', '2026-04-01', '--json']);
  await expect.poll(() => served, { interval: 20 }).toBeGreaterThan(5);
  await goDown();
  const before = served;
  await run.says(/target\.down/);
  await delay(DOWN_MS);
  expect(served).toBe(before);
  await listen();
  const backAtMs = Date.now();
  const { code, stdout, stderr } = await run.ended;
  expect(code, stderr).toBe(0);
  const report = JSON.parse(stdout) as { pages: object };
  expect(report.pages).toMatchObject({ frontier: PAGES, completed: PAGES, dead: 0 });
  expect(stderr).toMatch(/target\.back/);
  expect(stderr).not.toMatch(/page\.dead/);
  expect(lastServedAtMs - backAtMs).toBeLessThan(60_000);
});
