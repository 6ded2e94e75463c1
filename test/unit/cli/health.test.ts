import { expect, test } from 'vitest';
import { serveHealth } from '../../../src/cli/health.js';

const ready = () => ({ redis: 'ready', stopping: false });

test('it listens on loopback, or where it is told to', async () => {
  const own = await serveHealth({ port: 0 }, ready);
  expect(own.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const all = await serveHealth({ port: 0, host: '0.0.0.0' }, ready);
  const { port } = new URL(all.url);
  expect((await fetch(`http://127.0.0.2:${port}/readyz`)).status).toBe(200);
  await expect(serveHealth({ port: Number(port), host: '0.0.0.0' }, ready)).rejects.toMatchObject({
    code: 'USAGE',
  });
  await Promise.all([own.close(), all.close()]);
});

test('it is alive while it drains, but not ready', async () => {
  const health = await serveHealth({ port: 0 }, () => ({ redis: 'ready', stopping: true }));
  const status = async (path: string) => (await fetch(health.url + path)).status;
  expect([await status('/healthz'), await status('/readyz'), await status('/other')]).toEqual([
    200, 503, 404,
  ]);
  await health.close();
});
