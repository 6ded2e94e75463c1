import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../browser-pool/index.js';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, root } from '../support/lab.js';
import { casesOf, isLong, longTest } from '../support/long.js';

const demo = path.join(root, 'targets/demo-shop.ts');
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;
let valid: string;
let refused: string;

beforeAll(async () => {
  shop = await startShop();
  lab = await openLab({ THRESH_DEMO_URL: shop.url });
  const { winners } = shop.catalogue.expectedRows();
  const kept = new Set(winners.values());
  const missing = Array.from({ length: 400 }, (_, n) => n).find(
    (n) => shop.catalogue.productAt(n).price === null,
  );
  valid = shop.url + shop.catalogue.pathOf([...kept][0] ?? 0);
  refused = shop.url + shop.catalogue.pathOf(missing ?? 0);
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

test('shows rows, timings, requests made and blocked, and keeps a screenshot and a trace', async () => {
  const { code, stdout, stderr } = await lab.thresh(['debug', demo, valid, '--trace']);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/1 rows, 0 refused/);
  expect(stdout).toMatch(/│ sku +│ TH-\d/);
  expect(stdout).not.toMatch(/^beside/m); // no batch has had it
  expect(stdout).toMatch(/time +navigation \d+ ms \(first byte \d+ ms\), ready \d+ ms, extract \d+ ms/);
  expect(stdout).toMatch(/requests +\d+ made, [1-9]\d* blocked: .*image 0 \([1-9]\d* blocked\)/);
  const fileOf = (name: string): string => new RegExp(`^${name} +(/.*)$`, 'm').exec(stdout)?.[1] ?? '';
  const screenshot = await readFile(fileOf('screenshot'));
  expect(screenshot.subarray(1, 4).toString()).toBe('PNG');
  expect(await readFile(fileOf('html'), 'utf8')).toMatch(/data-sku="TH-/);
  const listed = spawnSync('python3', ['-m', 'zipfile', '-l', fileOf('trace')], { encoding: 'utf8' });
  if (listed.status === 0) expect(listed.stdout).toMatch(/trace\.network/);
  expect((await readFile(fileOf('trace'))).subarray(0, 2).toString()).toBe('PK');
});

test('names each zod problem with its path and exits with 1; console errors are text and never orders to the terminal', async () => {
  const file = await lab.target(
    'noisy',
    `import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'noisy', schema: z.object({ sku: z.string(), price: z.number() }), key: ['sku'], discover: ['${shop.url}/'],
  ready: '[data-sku]', fields: { rows: '[data-sku]', fields: { sku: '@data-sku', price: { select: '.none', as: 'number' } } },
});`,
  );
  const { code, stdout } = await lab.thresh(['debug', file, `${shop.url}/hostile/console`]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/0 rows, 1 refused/);
  expect(stdout).toMatch(/^ {2}price: .*; it is missing$/m);
  expect(stdout).toMatch(/^console +spam/m);
  expect(stdout).not.toContain('\u001b');
});

longTest('names what is wrong with a row of the demo shop', async () => {
  const { code, stdout } = await lab.thresh(['debug', demo, refused]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/0 rows, 1 refused/);
  expect(stdout).toMatch(/^ {2}price: .*; it is missing$/m);
});

longTest('gives the same as JSON', async () => {
  const { stdout } = await lab.thresh(['debug', demo, valid, '--json']);
  const seen = JSON.parse(stdout);
  expect(seen.outcome).toBe('completed');
  expect(seen.rows[0].row.sku).toMatch(/^TH-/);
  expect(seen.network.blocked).toBeGreaterThan(10);
  expect(seen).not.toHaveProperty('beside'); // no batch has had it
});

test('a page that fails says why and exits with 1', async () => {
  const closed = await lab.thresh(['debug', demo, 'http://127.0.0.1:9/']);
  expect(closed.code).toBe(1);
  expect(closed.stdout).toMatch(/FAILED +NAVIGATION_FAILED: .*(refused|UNSAFE_PORT)/);
  const usage = await lab.thresh(['debug', demo, 'not a url']);
  expect(usage.code).toBe(2);
  expect(usage.stderr).toMatch(/not an http\(s\) URL\n {2}mend: /);
});

test('without a display, --headed says so and how to get one', async () => {
  const { code, stderr } = await lab.thresh(['debug', demo, valid, '--headed'], {
    DISPLAY: '',
    WAYLAND_DISPLAY: '',
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/no display|no Chromium/);
  expect(stderr).toMatch(/mend: .*(xvfb-run|npm run setup)/);
});

const canOpenWindows =
  existsSync('/usr/bin/Xvfb') &&
  process.env.CHROMIUM_PATH === undefined &&
  findChromium({ headed: true }) !== undefined;

describe.skipIf(!canOpenWindows)('in a window, under Xvfb', () => {
  let xvfb: ChildProcess;
  let env: Record<string, string>;

  beforeAll(async () => {
    xvfb = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [number] = await once(xvfb.stdout as NodeJS.ReadableStream, 'data');
    env = { DISPLAY: `:${String(number).trim()}` };
  });

  afterAll(async () => {
    const ended = once(xvfb, 'close');
    xvfb.kill();
    await ended;
  });

  test('fields are outlined in the window once they are read; with --watch it stands until the next save', async () => {
    const code = (price: string): string => `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'outlined',
  schema: z.object({ sku: z.string(), title: z.string(), price: z.string().optional() }),
  key: ['sku'],
  discover: ['${shop.url}'],
  ready: '[data-sku]',
  fields: { rows: 'article.product', fields: { sku: '@data-sku', title: '.title', price: '${price}' } },
});
`;
    const file = await lab.target('outlined', code('.none'));
    const running = lab.start(['debug', file, valid, '--headed', '--slow-mo', '20', '--watch'], env);
    await running.says(/^window +2 elements are outlined; not found: price$/m);
    await running.says(/waiting for a file/);
    await writeFile(file, code('.price'));
    await running.says(/^window +3 elements are outlined$/m);
    await running.says(/before against now: row 1: price nothing against/);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
  });

  // At once, and while the inspector starts: it must not outlive the page and keep the command.
  test.each(casesOf([0, 0, 150, 400], 1))(
    '--pause ends %d ms later by Ctrl-C, and leaves nothing behind',
    async (ms) => {
      const running = lab.start(['debug', demo, valid, '--pause'], env);
      await running.says(/paused; press Resume/);
      await delay(ms);
      running.child.kill('SIGINT');
      const { code } = await running.ended;
      expect(code).toBe(130);
      expect(spawnSync('pgrep', ['-f', `browser-${running.child.pid}-`]).status).toBe(1);
      const folders = await readdir(path.join(os.tmpdir(), `thresh-${os.userInfo().uid}`)).catch(() => []);
      expect(folders.filter((name) => name.includes(`-${running.child.pid}-`))).toEqual([]);
    },
  );
});

test('--watch looks again at each save, says what changed, and lives through a file that is wrong', async () => {
  const code = (stock: string): string => `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'watched',
  schema: z.object({ slug: z.string(), stock: z.string() }),
  key: ['slug'],
  discover: ['${shop.url}'],
  ready: '[data-sku]',
  fields: { rows: 'article.product', fields: { slug: '@data-slug', stock: ${stock} } },
});
`;
  const file = await lab.target('watched', code("'.stock@data-stock'"));
  const running = lab.start(['debug', file, valid, '--watch', '--json']);
  await running.says(/waiting for a file/);
  await writeFile(file, code("'.title'"));
  await running.says(/before against now: row 1: stock "\d+" against "/);
  await writeFile(file, 'export default {');
  await running.says(/thresh: .*watched\.ts/);
  await writeFile(file, code("'.stock@data-stock'"));
  await running.says(/before against now: row 1: stock "[^"]+" against "\d+"/);
  running.child.kill('SIGTERM');
  expect((await running.ended).code).toBe(0);
});

test('rows stand beside the last good ones of their page, and what differs is marked', async () => {
  const code = (stock: string, rows = 'article.product', from = valid): string => `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'beside',
  schema: z.object({ title: z.string(), sku: z.string(), stock: z.string() }),
  key: ['sku'],
  discover: ['${from}', '${shop.url}/c/bath'],
  ready: '[data-sku]',
  fields: { rows: '${rows}', fields: { title: '.title', sku: '@data-sku', stock: ${stock} } },
});
`;
  const file = await lab.target('beside', code("'.title'", '[data-sku]'));
  const { batch } = JSON.parse((await lab.thresh(['run', file, '--date', '2026-03-01', '--json'])).stdout);

  await lab.target('beside', code("'.price'", '[data-sku]'));
  const one = await lab.thresh(['debug', file, `${valid}?utm_source=mail`]);
  expect(one.code, one.stderr).toBe(0);
  expect(one.stdout).toMatch(/^│ +│ now +│ +│ 2026-03-01 +│$/m);
  expect(one.stdout).toMatch(/^│ sku +│ (TH-\S+) +│ +│ \1 +│$/m);
  expect(one.stdout).toMatch(/^│ stock +│ \D?[\d.,]+ +│ ≠ │ \S/m);
  expect(one.stdout).toContain(`beside      the row of ${batch}`);

  if (isLong) {
    const list = await lab.thresh(['debug', file, `${shop.url}/c/bath`]);
    expect(list.stdout).toMatch(
      /^beside +the rows of \S+ \(2026-03-01\): 0 the same, [1-9]\d* differ, 0 came, 0 missing$/m,
    );
    expect(list.stdout).toMatch(/^ +TH-\S+: stock \S+ ≠ \S/m);
  }

  const refused = await lab.target('beside', code("'.none'", '[data-sku]'));
  const seen = JSON.parse((await lab.thresh(['debug', refused, valid, '--json'])).stdout);
  expect(seen.outcome).toBe('completed');
  expect(seen.network.blocked).toBeGreaterThan(10);
  expect(seen.beside).toMatchObject({
    batch,
    date: '2026-03-01',
    came: 0,
    missing: 0,
    rows: [{ refused: true }],
  });
  expect(seen.beside.rows[0].fields).toMatchObject([
    { name: 'sku', differs: false },
    { name: 'title', differs: false },
    { name: 'stock', now: null, differs: true },
  ]);
});
