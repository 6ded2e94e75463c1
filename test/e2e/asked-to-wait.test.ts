/** A page that is asked to wait is not given up for it, even on its last attempt, and all others wait with it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';
import { startSmallServer } from '../support/small-server.js';

const WAIT_S = 5;

let lab: Lab;
let server: Server;
const asked = new Map<string, number>();

beforeAll(async () => {
  lab = await openLab();
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://shop');
    const times = (asked.get(pathname) ?? 0) + 1;
    asked.set(pathname, times);
    if (pathname === '/robots.txt') response.writeHead(404).end();
    else if (pathname === '/busy' && times === 1) response.writeHead(429, { 'retry-after': '1' }).end('busy');
    else if (pathname === '/broken') response.writeHead(500).end('broken');
    else response.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>${pathname}</h1>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await lab.close();
});

it('tries a 429 again without attempts left, and a 500 not', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const file = await lab.target(
    'waits',
    `import { z } from 'zod';
import { defineTarget } from 'thresh';
export default defineTarget({
  name: 'waits', schema: z.object({ title: z.string() }), key: ['title'],
  discover: ['/busy', '/calm', '/broken'].map((path) => '${url}' + path),
  ready: 'h1', fields: { fields: { title: 'h1' } }, retries: 0, gate: { minCompleted: 0.5 },
});
`,
  );
  const { code, stdout, stderr } = await lab.thresh(['run', file, '--date', '2026-03-31', '--json']);
  expect(code, stderr).toBe(0);
  const report = JSON.parse(stdout) as { pages: object; deadLetters: object };
  expect(report.pages).toMatchObject({ frontier: 3, completed: 2, dead: 1 });
  expect(report.deadLetters).toEqual({ HTTP_STATUS: 1 });
  expect([asked.get('/busy'), asked.get('/broken')]).toEqual([2, 1]);
});

it('lets no page of the farm start before the time that a 429 asked for, and a shorter wait does not cut it short', async () => {
  const startsMs: number[] = [];
  let refusals = 0;
  let askedAtMs = 0;
  const shop = await startSmallServer((request, response) => {
    if (request.url === '/robots.txt') return response.writeHead(404).end();
    if (!request.url?.startsWith('/p/')) return response.writeHead(404).end();
    startsMs.push(Date.now());
    // Two in flight are refused at once: one is to wait, the other only for a moment.
    if (startsMs.length > 4 && refusals < 2) {
      refusals += 1;
      if (refusals === 1) askedAtMs = Date.now();
      const waitS = refusals === 1 ? WAIT_S : 1;
      return setTimeout(
        () => response.writeHead(429, { 'retry-after': String(waitS) }).end('busy'),
        refusals * 100,
      );
    }
    return response.writeHead(200, { 'content-type': 'text/html' }).end(`<h1>${request.url}</h1>`);
  });
  try {
    const file = await lab.target(
      'all-wait',
      `import { z } from 'zod';
import { defineTarget } from 'thresh';
export default defineTarget({
  name: 'all-wait', schema: z.object({ title: z.string() }), key: ['title'],
  discover: Array.from({ length: 40 }, (_, n) => '${shop.url}/p/' + n),
  ready: 'h1', fields: { fields: { title: 'h1' } }, throttle: { maxConcurrency: 2 },
});
`,
    );
    const { code, stdout, stderr } = await lab.thresh(['run', file, '--date', '2026-03-31', '--json']);
    expect(code, stderr).toBe(0);
    expect((JSON.parse(stdout) as { pages: object }).pages).toMatchObject({ completed: 40, dead: 0 });
    expect(refusals).toBe(2);
    // Those that had left the queue when the answer came are on their way.
    const inTheWait = startsMs.filter(
      (at) => at > askedAtMs + 1_000 && at < askedAtMs + WAIT_S * 1_000 - 100,
    );
    expect(inTheWait).toEqual([]);
  } finally {
    await shop.stop();
  }
});
