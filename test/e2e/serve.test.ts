/** `thresh serve` beside a worker: a batch is begun, watched and read over HTTP; who may not ask is refused. */
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, type Running } from '../support/lab.js';

const TOKEN = '0123456789abcdef0123456789abcdef';
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;
let server: Running;
let url: string;

beforeAll(async () => {
  shop = await startShop({ products: 8 });
  lab = await openLab();
  await lab.target('served', code('served', ''));
  await lab.target('holding', code('holding', 'gate: { minRows: 1000 },'));
  server = lab.start(['serve', '--port', '0']);
  await server.says(/serving http/);
  url = /serving (http:\S+)/.exec(server.said())?.[1] ?? '';
});

afterAll(async () => {
  await lab?.close();
  await shop?.stop();
});

const code = (name: string, more: string): string => `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: '${name}',
  schema: z.object({ slug: z.string(), sku: z.string() }),
  key: ['slug'],
  ${more}
  discover: sitemap('${shop.url}/sitemap.xml', { include: /\\/p\\// }),
  ready: '[data-sku]',
  fields: { rows: 'article.product', fields: { slug: '@data-slug', sku: '@data-sku' } },
});
`;

async function ask(path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url + path, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text.startsWith('{') ? JSON.parse(text) : {},
  };
}

/** With a Host of its own, which fetch does not send. */
function askAs(host: string): Promise<number> {
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    httpRequest({ port, host: '127.0.0.1', path: '/api/batches', headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

test('a batch is begun, followed to its end, and read', async () => {
  expect((await ask('/api/batches')).json).toEqual({ batches: [], total: 0 });
  const worker = lab.start(['worker', '--concurrency', '2']);
  const opened = await ask('/api/batches', { target: 'served', date: '2026-03-01' });
  expect(opened.status, opened.text).toBe(202);
  const { batch } = opened.json;
  expect((await ask('/api/scaling')).json).toMatchObject({ workers: 1, targets: [{ target: 'served' }] });
  expect((await ask('/api/batches', { target: 'served', date: '2026-03-01' })).json).toEqual({
    ...{ batch, date: '2026-03-01', resumed: true },
  });
  const stream = await (await fetch(`${url}/api/batches/${batch}/events`)).text();
  const told = [...stream.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data));
  expect(told.at(-1)).toMatchObject({ batch, state: 'delivered', ended: true, rows: 8 });
  expect((await ask(`/api/batches/${batch}`)).json).toMatchObject({
    ...{ target: 'served', date: '2026-03-01', state: 'delivered', pages: { frontier: 8, completed: 8 } },
  });
  expect((await ask(`/api/batches/${batch}/report`)).json).toMatchObject({ batch, rows: { delivered: 8 } });
  expect((await ask(`/api/batches/${batch}/failures`)).json).toEqual({ causes: [] });

  const held = (await ask('/api/batches', { target: 'holding', date: '2026-03-01' })).json.batch;
  await fetch(`${url}/api/batches/${held}/events`).then((response) => response.text());
  expect((await ask('/api/batches?state=held')).json).toMatchObject({ total: 1, batches: [{ batch: held }] });
  expect((await ask(`/api/batches/${held}/release`, {})).status).toBe(200);
  await fetch(`${url}/api/batches/${held}/events`).then((response) => response.text());
  expect((await ask(`/api/batches/${held}`)).json.state).toBe('delivered');

  expect((await ask('/api/scaling')).json).toEqual({ workers: 0, targets: [] });

  const { text, headers } = await ask('/metrics');
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toContain('thresh_last_batch_state{target="served",state="delivered"} 1');
  expect(text).toContain('thresh_last_batch_rows{target="served"} 8');
  expect(text).toMatch(/^thresh_worker_slots\{worker="[^"]+"\} \d+$/m);
  worker.child.kill('SIGTERM');
  expect((await worker.ended).code).toBe(0);
});

test('wrong questions are answered with what is wrong and how to mend it', async () => {
  expect((await ask('/api/batches/none-20260301-aaaaaa')).status).toBe(404);
  const wrong = await ask('/api/batches', { target: 'srved' });
  expect([wrong.status, wrong.json.code]).toEqual([400, 'TARGET_INVALID']);
  expect(wrong.json.mend).toContain('served');
  for (const body of [
    { target: '../../etc/passwd' },
    { target: 'served', date: 'today' },
    { target: 'served', more: 1 },
    {},
  ])
    expect((await ask('/api/batches', body)).json.code).toBe('USAGE');
  const { batches } = (await ask('/api/batches?target=served')).json;
  const again = await ask(`/api/batches/${batches[0].batch}/release`, {});
  expect([again.status, again.json.error]).toEqual([400, expect.stringContaining('not held')]);
  expect((await ask('/nothing')).status).toBe(404);
});

test('the OpenAPI document describes every route from the schemas that check it', async () => {
  const { json } = await ask('/openapi.json');
  expect(Object.keys(json.paths).sort()).toEqual(
    [
      ...[
        ...['', '/{id}', '/{id}/events', '/{id}/failures', '/{id}/quarantine', '/{id}/report'],
        ...['/{id}/diff', '/{id}/timeline', '/{id}/artifacts/{name}'],
        ...['/{id}/pause', '/{id}/resume', '/{id}/cancel', '/{id}/retry', '/{id}/release'],
      ].map((rest) => `/api/batches${rest}`),
      ...['/api/farm', '/api/farm/events', '/api/nights', '/api/scaling'],
    ].sort(),
  );
  const { requestBody } = json.paths['/api/batches'].post;
  expect(requestBody.content['application/json'].schema.required).toEqual(['target']);
});

test('a page in a browser cannot ask: not by a name of its own, not by a form, not from elsewhere', async () => {
  expect(await askAs('evil.example')).toBe(403);
  expect(await askAs('localhost:9320')).toBe(200);
  const form = await fetch(`${url}/api/batches`, { method: 'POST', body: 'target=served' });
  expect(form.status).toBe(415);
  expect((await ask('/api/batches', { target: 'served' }, { origin: 'https://evil.example' })).status).toBe(
    403,
  );
  const { headers } = await ask('/api/batches');
  expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

test('elsewhere than on loopback a token is wanted, and only the right one is taken', async () => {
  const open = await lab.thresh(['serve', '--host', '0.0.0.0', '--port', '0']);
  expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('THRESH_TOKEN')]);
  const short = await lab.thresh(['serve', '--port', '0'], { THRESH_TOKEN: 'short' });
  expect(short.code).toBe(2);
  const guarded = lab.start(['serve', '--host', '0.0.0.0', '--port', '0'], { THRESH_TOKEN: TOKEN });
  await guarded.says(/serving http/);
  const { port } = new URL(/serving (http:\S+)/.exec(guarded.said())?.[1] ?? '');
  const status = async (authorization?: string, path = '/api/batches') =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { headers: authorization ? { authorization } : {} }))
      .status;
  expect(await status()).toBe(401);
  expect(await status(`Bearer ${TOKEN}x`)).toBe(401);
  expect(await status(`Bearer ${TOKEN}`)).toBe(200);
  expect(await status(undefined, '/metrics')).toBe(401);
  expect(await status(undefined, '/api/scaling')).toBe(401);
  expect(await status(undefined, '/healthz')).toBe(200);
  expect(guarded.said()).not.toContain(TOKEN);
  guarded.child.kill('SIGTERM');
  expect((await guarded.ended).code).toBe(0);
});

test('the dashboard for Grafana asks for figures that there are', async () => {
  const file = path.resolve(import.meta.dirname, '../../deploy/grafana-thresh.json');
  const asked = new Set((await readFile(file, 'utf8')).match(/thresh_[a-z_]+/g));
  const { text } = await ask('/metrics');
  const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  expect([...asked].filter((name) => !known.has(name))).toEqual([]);
  expect(asked.size).toBeGreaterThan(10);
});
