/** Pages out of files: the same rows as from the site, of which nothing is asked. */
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, root } from '../support/lab.js';
import { casesOf, isLong } from '../support/long.js';

const demo = path.join(root, 'targets/demo-shop.ts');
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;
let url: string;

beforeAll(async () => {
  shop = await startShop({ products: 12 });
  lab = await openLab({ THRESH_DEMO_URL: shop.url });
  const [kept] = shop.catalogue.expectedRows().winners.values();
  url = shop.url + shop.catalogue.pathOf(kept ?? 0);
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

async function debug(args: string[]) {
  const { code, stdout, stderr } = await lab.thresh(['debug', ...args, '--json']);
  expect(stdout, stderr).toMatch(/^\{/);
  return { code, stderr, ...JSON.parse(stdout) };
}

test('what --save recorded and what was saved as HTML give the same row, and nobody is asked', async () => {
  const har = path.join(lab.dir, 'page.har');
  const loaded = await debug([demo, url, '--save', har]);
  expect(loaded.code, loaded.stderr).toBe(0);
  expect(loaded.files.har).toBe(har);
  expect((await stat(har)).mode & 0o777).toBe(0o600);
  shop.clearLog();
  const replays = [
    [demo, '--replay', har],
    [demo, url, '--replay', loaded.files.html],
    [demo, url, '--replay', har],
  ];
  for (const args of casesOf(replays, 2)) {
    const replayed = await debug(args);
    expect(replayed.code, replayed.stderr).toBe(0);
    expect(replayed.rows[0].row).toEqual(loaded.rows[0].row);
    expect(replayed).toMatchObject({ url, replayed: args.at(-1) });
  }
  expect(shop.accessLog()).toEqual([]);
  if (!isLong) return;
  const told = await lab.thresh(['debug', demo, url, '--replay', loaded.files.html]);
  expect(told.stdout).toMatch(/^replayed +from \/.*\.html, without the network$/m);
});

test('the scripts of a saved page run only when asked for, and reach nobody even then', async () => {
  const file = await lab.target(
    'saved',
    `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'saved', schema: z.object({ sku: z.string(), said: z.string() }), key: ['sku'], discover: ['${url}'],
  ready: '[data-sku]', timeoutMs: 15_000, fields: { fields: { sku: '[data-sku]@data-sku', said: '[data-sku]' } },
});`,
  );
  const page = path.join(lab.dir, 'saved.html');
  await writeFile(
    page,
    `<!doctype html><meta http-equiv="refresh" content="0; url=${shop.url}/">
<body><img src="${shop.url}/x.png"><link rel="stylesheet" href="${shop.url}/x.css"><iframe src="${shop.url}/"></iframe>
<b>saved</b>
<script>
  const show = (said) => document.body.insertAdjacentHTML('beforeend', '<p data-sku="x">' + said + '</p>');
  navigator.sendBeacon('${shop.url}/beacon');
  const socket = new WebSocket('${shop.url.replace('http', 'ws')}/socket');
  const closed = new Promise((resolve) => { socket.onclose = () => resolve('closed'); });
  const fetched = fetch('${shop.url}/api/products').then(() => 'fetched', () => 'refused');
  Promise.all([closed, fetched]).then((all) => show(all.join(' and ')));
</script></body>`,
  );
  shop.clearLog();
  const still = await debug([file, url, '--replay', page]);
  expect(still).toMatchObject({ code: 1, error: { code: 'NOT_READY' } });
  const run = await debug([file, url, '--replay', page, '--scripts']);
  expect(run.code, run.stderr).toBe(0);
  expect(run.rows[0].row).toEqual({ sku: 'x', said: 'closed and refused' });
  expect(shop.accessLog()).toEqual([]);
});

test('--failure --replay reads what the failure left', async () => {
  const code = (row: string): string => `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'failing', schema: z.object({ sku: z.string() }), key: ['sku'], retries: 0, discover: ['${url}'],
  ready: '[data-sku]', extract: async ({ page }) => (${row}),
});`;
  const file = await lab.target(
    'failing',
    code("{ sku: await page.textContent('.none', { timeout: 100 }) }"),
  );
  const { batch } = JSON.parse((await lab.thresh(['run', file, '--date', '2026-03-01', '--json'])).stdout);
  await lab.target('failing', code("{ sku: await page.getAttribute('[data-sku]', 'data-sku') }"));
  shop.clearLog();
  const seen = await debug(['--failure', `${batch}.0`, '--replay']);
  expect(seen.code, seen.stderr).toBe(0);
  expect(seen.rows[0].row.sku).toMatch(/^TH-/);
  expect(seen.replayed).toMatch(/page-0\.html$/);
  expect(shop.accessLog()).toEqual([]);
});

const WRONG: [string, string[], RegExp][] = [
  ['a file that is not there', ['URL', '--replay', 'none.html'], /none\.html cannot be read/],
  ['an HTML file of nobody knows what', ['--replay', 'saved.html'], /missing required argument 'url'/],
  ['a HAR that is none', ['URL', '--replay', 'saved.har'], /saved\.har is no HAR/],
  ['no file at all', ['URL', '--replay'], /--replay needs a file/],
  ['scripts without a saved page', ['URL', '--scripts'], /--scripts is for a saved HTML page/],
  ['a record that is no HAR', ['URL', '--save', 'page.zip'], /it writes a HAR/],
];
test.each(casesOf(WRONG, 3))('%s is wrong usage', async (_what, args, words) => {
  await writeFile(path.join(lab.dir, 'saved.har'), '{}');
  const given = args.map((one) => (one === 'URL' ? url : one));
  const { code, stderr } = await lab.thresh(['debug', demo, ...given]);
  expect(code, stderr).toBe(2);
  expect(stderr).toMatch(words);
  expect(stderr).toContain('mend: ');
});

test('a HAR of another page says of which', async () => {
  const { code, stderr } = await lab.thresh([
    ...['debug', demo, `${shop.url}/p/none`, '--replay', path.join(lab.dir, 'page.har')],
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain(`mend: it is of ${url}`);
});
