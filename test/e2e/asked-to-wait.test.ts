/** A page that is asked to wait is not given up for it, even on its last attempt. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Lab, openLab } from '../support/lab.js';

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
