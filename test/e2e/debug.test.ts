import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findChromium } from '../../browser-pool/index.js';
import { askedPage } from '../../src/cli/asked-page.js';
import { openBrowser } from '../../src/cli/one-page-browser.js';
import { readSettings } from '../../src/settings.js';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, root } from '../support/lab.js';
import { casesOf, isLong, longTest } from '../support/long.js';

const demo = path.join(root, 'targets/demo-shop.ts');
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;
let valid: string;
let refused: string;
/** Writes to its console whatever it can. */
let noisy: string;

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
  noisy = `${shop.url}/hostile/console`;
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

test('shows rows beside the last good ones of their page, timings, requests made and blocked; keeps a screenshot and a trace', async () => {
  const code = (stock: string): string => `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'beside',
  schema: z.object({ title: z.string(), sku: z.string(), stock: z.string() }),
  key: ['sku'],
  discover: ['${valid}', '${noisy}'${isLong ? `, '${shop.url}/c/bath'` : ''}],
  ready: '[data-sku]',
  fields: { rows: '[data-sku]', fields: { title: '.title', sku: '@data-sku', stock: ${stock} } },
});
`;
  const file = await lab.target('beside', code("'.title'"));
  const { batch } = JSON.parse((await lab.thresh(['run', file, '--date', '2026-03-01', '--json'])).stdout);

  await lab.target('beside', code("'.price'"));
  const {
    code: exit,
    stdout,
    stderr,
  } = await lab.thresh(['debug', file, `${valid}?utm_source=mail`, '--trace']);
  expect(exit, stderr).toBe(0);
  expect(stdout).toMatch(/1 rows, 0 refused/);
  expect(stdout).toMatch(/^│ +│ now +│ +│ 2026-03-01 +│$/m);
  expect(stdout).toMatch(/^│ sku +│ (TH-\S+) +│ +│ \1 +│$/m);
  expect(stdout).toMatch(/^│ stock +│ \D?[\d.,]+ +│ ≠ │ \S/m);
  expect(stdout).toContain(`beside      the row of ${batch}`);
  await sees(stdout);

  if (isLong) {
    const list = await lab.thresh(['debug', file, `${shop.url}/c/bath`]);
    expect(list.stdout).toMatch(
      /^beside +the rows of \S+ \(2026-03-01\): 0 the same, [1-9]\d* differ, 0 came, 0 missing$/m,
    );
    expect(list.stdout).toMatch(/^ +TH-\S+: stock \S+ ≠ \S/m);
  }

  // Console errors are text and never orders to the terminal.
  await lab.target('beside', code("'.none'"));
  const refused = await lab.thresh(['debug', file, noisy]);
  expect(refused.code).toBe(1);
  expect(refused.stdout).toMatch(/0 rows, 1 refused/);
  expect(refused.stdout).toMatch(/^ {2}stock: .*; it is missing$/m);
  expect(refused.stdout).toMatch(/^│ stock +│ - +│ ≠ │ A fair offer/m);
  expect(refused.stdout).toMatch(/^console +spam/m);
  expect(refused.stdout).not.toContain('\u001b');
  if (!isLong) return;
  const seen = JSON.parse((await lab.thresh(['debug', file, valid, '--json'])).stdout);
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

/** What is told of a page that was loaded with `--trace`, and kept of it. */
async function sees(stdout: string): Promise<void> {
  expect(stdout).toMatch(/time +navigation \d+ ms \(first byte \d+ ms\), ready \d+ ms, extract \d+ ms/);
  expect(stdout).toMatch(/requests +\d+ made, [1-9]\d* blocked: .*image 0 \([1-9]\d* blocked\)/);
  const fileOf = (name: string): string => new RegExp(`^${name} +(/.*)$`, 'm').exec(stdout)?.[1] ?? '';
  const screenshot = await readFile(fileOf('screenshot'));
  expect(screenshot.subarray(1, 4).toString()).toBe('PNG');
  expect(await readFile(fileOf('html'), 'utf8')).toMatch(/data-sku="TH-/);
  const listed = spawnSync('python3', ['-m', 'zipfile', '-l', fileOf('trace')], { encoding: 'utf8' });
  if (listed.status === 0) expect(listed.stdout).toMatch(/trace\.network/);
  expect((await readFile(fileOf('trace'))).subarray(0, 2).toString()).toBe('PK');
}

longTest('of a page that no batch has had, nothing stands beside it', async () => {
  const { code, stdout, stderr } = await lab.thresh(['debug', demo, valid, '--trace']);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/1 rows, 0 refused/);
  expect(stdout).toMatch(/│ sku +│ TH-\d/);
  expect(stdout).not.toMatch(/^beside/m);
  await sees(stdout);
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

longTest('a page that fails says why and exits with 1', async () => {
  const closed = await lab.thresh(['debug', demo, 'http://127.0.0.1:9/']);
  expect(closed.code).toBe(1);
  expect(closed.stdout).toMatch(/FAILED +NAVIGATION_FAILED: .*(refused|UNSAFE_PORT)/);
  const usage = await lab.thresh(['debug', demo, 'not a url']);
  expect(usage.code).toBe(2);
  expect(usage.stderr).toMatch(/not an http\(s\) URL\n {2}mend: /);
});

test('what is no URL is wrong usage', async () => {
  await expect(askedPage(demo, 'not a url', {}, lab.home)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/not an http\(s\) URL$/),
    mend: expect.stringMatching(/./),
  });
});

describe('without a display', () => {
  const without = { DISPLAY: '', WAYLAND_DISPLAY: '' };
  const why = /no display|no Chromium/;
  const mend = /xvfb-run|npm run setup/;

  test('a window says so and how to get one', async () => {
    for (const [name, value] of Object.entries(without)) vi.stubEnv(name, value);
    const browser = openBrowser({ headed: true }, readSettings({ ...process.env, THRESH_HOME: lab.home }));
    try {
      await expect(browser.pool.userAgent()).rejects.toMatchObject({
        message: expect.stringMatching(why),
        mend: expect.stringMatching(mend),
      });
    } finally {
      await browser.close();
      vi.unstubAllEnvs();
    }
  });

  longTest('--headed says so and how to get one', async () => {
    const { code, stderr } = await lab.thresh(['debug', demo, valid, '--headed'], without);
    expect(code).toBe(1);
    expect(stderr).toMatch(why);
    expect(/mend: (.*)/.exec(stderr)?.[1]).toMatch(mend);
  });
});

const canOpenWindows =
  existsSync('/usr/bin/Xvfb') &&
  process.env.CHROMIUM_PATH === undefined &&
  findChromium({ headed: true }) !== undefined;

describe('over and over', () => {
  let xvfb: ChildProcess;
  /** Of a window, where one can be had. */
  let env: Record<string, string> = {};

  beforeAll(async () => {
    if (!canOpenWindows) return;
    xvfb = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [number] = await once(xvfb.stdout as NodeJS.ReadableStream, 'data');
    env = { DISPLAY: `:${String(number).trim()}` };
  });

  afterAll(async () => {
    if (!canOpenWindows) return;
    const ended = once(xvfb, 'close');
    xvfb.kill();
    await ended;
  });

  const readsPrice = (select: string): string =>
    `fields: { rows: 'article.product', fields: { sku: '@data-sku', title: '.title', price: '${select}' } }`;
  const throwing = "extract: () => { throw new Error('not today'); }";
  const code = (reads: string): string => `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'watched',
  schema: z.object({ sku: z.string(), title: z.string(), price: z.string().optional() }),
  key: ['sku'],
  discover: ['${shop.url}'],
  ready: '[data-sku]',
  ${reads},
});
`;

  test('--watch looks again at each save, says what changed, and lives through a file that is wrong; in a window, fields are outlined', async () => {
    const file = await lab.target('watched', code(readsPrice('.none')));
    const inWindow = canOpenWindows ? ['--headed', '--slow-mo', '20'] : [];
    const running = lab.start(['debug', file, valid, '--watch', ...inWindow], env);
    if (canOpenWindows) await running.says(/^window +2 elements are outlined; not found: price$/m);
    await running.says(/waiting for a file/);
    await writeFile(file, 'export default {');
    await running.says(/thresh: .*watched\.ts/);
    await writeFile(file, code(throwing));
    await running.says(/^FAILED +EXTRACT_FAILED: .*not today/m);
    await writeFile(file, code(readsPrice('.price')));
    if (canOpenWindows) await running.says(/^window +3 elements are outlined$/m);
    await running.says(/before against now: row 1: price nothing against/);
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
  });

  longTest('--watch as JSON', async () => {
    const file = await lab.target('watched', code(readsPrice('.price')));
    const running = lab.start(['debug', file, valid, '--watch', '--json']);
    await running.says(/waiting for a file/);
    await writeFile(file, code(throwing));
    await running.says(/"outcome":"failed","error":\{"code":"EXTRACT_FAILED"/);
    await writeFile(file, code(readsPrice('.none')));
    await running.says(/before against now: row 1: price "[^"]+" against nothing/);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(0);
  });

  // At once, and while the inspector starts: it must not outlive the page and keep the command.
  test.skipIf(!canOpenWindows).each(casesOf([0, 0, 150, 400], 1))(
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
