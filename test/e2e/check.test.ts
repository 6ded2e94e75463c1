/** A target that fits its site, and then one change of the site after the other. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check as checkHere } from '../../src/cli/check.js';
import { readSettings } from '../../src/settings.js';
import { startShop } from '../shop/server.mjs';
import { dataTarget } from '../support/data-target.js';
import { type Lab, openLab, root } from '../support/lab.js';
import { isLong, longOnly } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';
import { type SmallServer, startSmallServer } from '../support/small-server.js';

const demo = path.join(root, 'targets/demo-shop.ts');
const DATE = '2026-03-01';
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: 20 });
  lab = await openLab({ THRESH_DEMO_URL: shop.url });
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

async function check(target: string, args: string[] = [], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await lab.thresh(['check', target, '--json', ...args], env);
  expect(stdout, stderr).toMatch(/^\{.*\}\n$/);
  return { code, stderr, ...JSON.parse(stdout) };
}

test('before the first delivery there is nothing to compare with', async () => {
  const settings = readSettings({ ...process.env, THRESH_HOME: lab.home, THRESH_OUT: lab.out });
  await expect(checkHere(demo, {}, settings)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/^nothing of demo-shop was delivered to /),
    mend: expect.stringMatching(/^thresh run .*demo-shop\.ts$/),
  });
  if (!isLong) return;
  const { code, stdout, stderr } = await lab.thresh(['check', demo]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/nothing of demo-shop was delivered to .*\n {2}mend: thresh run .*demo-shop\.ts/);
});

test("the demo shop fits, and goes on to when its prices change; it says what lane: 'auto' would gain, or why nothing", async () => {
  const more = 'gate: { maxQuarantined: 0.5 },';
  const reading = { name: 'gains', shop: shop.url, lane: 'render', more } as const;
  const plain = await dataTarget(lab, reading);
  const ran = await runBatch(lab, plain, { date: DATE, args: ['--limit', '6'] });
  expect(ran.code, ran.stderr).toBe(0);
  expect((await lab.manifest('gains', DATE)).manifest.limit).toBe(6);
  await shop.control({ repriced: { every: 1 } });
  shop.clearLog();
  const first = await check(plain, ['--pages', '5']);
  await shop.control({ repriced: null });
  expect(first).toMatchObject({ code: 0, fits: true, reasons: [], compared: 5 });
  expect(first.pages).toHaveLength(5);
  for (const { name, changed } of first.columns) expect(changed, name).toBe(name === 'price' ? 5 : 0);
  expect(first.stderr).toMatch(/page 5 of 5: 1 rows/);
  const { lane } = first;
  expect(lane).toEqual([
    { of: '2 segments', same: 5, pages: 5, renderMs: expect.any(Number), fetchMs: expect.any(Number) },
  ]);
  expect(lane[0].fetchMs).toBeLessThan(lane[0].renderMs / 2);
  const asked = shop.accessLog();
  expect(asked.filter(({ kind }) => kind === 'document')).toHaveLength(5);
  expect(asked.filter(({ kind }) => kind === 'api').length).toBeGreaterThanOrEqual(2 * 2 * 5);

  if (!isLong) return; // what uses the page: test/unit/data-lane/learn.test.ts
  const touching = await dataTarget(lab, { ...reading, title: 'page.title().then(() => product.title)' });
  const touched = await lab.thresh(['check', touching]);
  expect(touched.stdout).toMatch(
    /^lane: 'auto' would render all pages \(2 segments\): extract uses `page`, or follows links/m,
  );
});

longOnly('its own target', () => {
  test.each(['duckdb', 'parquetjs'])(
    'fits, by %s, and goes on to when its stock changes',
    async (engine) => {
      const env = { THRESH_PARQUET: engine };
      await shop.control({ restless: false });
      const ran = await runBatch(lab, demo, { date: engine === 'duckdb' ? DATE : '2026-03-02', env });
      expect(ran.code, ran.stderr).toBe(0);
      shop.clearLog();
      const first = await check(demo, ['--pages', '4'], env);
      expect(first).toMatchObject({ code: 0, fits: true, reasons: [], compared: 4 });
      expect(first.pages).toHaveLength(4);
      expect(first.columns.every((one: { changed: number }) => one.changed === 0)).toBe(true);
      expect(shop.accessLog().filter(({ kind }) => kind === 'document')).toHaveLength(4);
      expect(first.stderr).toMatch(/page 4 of 4: 1 rows/);

      await shop.control({ restless: true });
      const { code, stdout } = await lab.thresh(['check', demo], env);
      await shop.control({ restless: false });
      expect(code).toBe(0);
      expect(stdout).toMatch(/^demo-shop still fits: 5 pages, 5 rows compared with those of 2026-03-0/);
      expect(stdout).toMatch(/│ stock +│ 5 +│ [1-5] /);
    },
    240_000,
  );
});

describe('a site that changes', () => {
  type Page = (n: number) => { status?: number; body: string };
  let site: SmallServer;
  let target: string;
  let page: Page;
  let robots: string | undefined;

  const article = (n: number, more: Partial<Record<'brand' | 'title' | 'price', string>> = {}): string => {
    const { brand = `Maker ${n}`, title = `Kettle No. ${n}`, price = `${10 + n}.50` } = more;
    return `<article data-sku="s${n}"><h1>${title}</h1><b>${brand}</b><i>${price}</i></article>`;
  };
  const asEver: Page = (n) => ({ body: article(n) });

  beforeAll(async () => {
    page = asEver;
    site = await startSmallServer(({ url = '' }, response) => {
      const { status = 200, body } = url.startsWith('/p/')
        ? page(Number(url.slice(3)))
        : { status: url === '/robots.txt' && robots !== undefined ? 200 : 404, body: robots ?? '' };
      const isText = url === '/robots.txt';
      response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'text/html' });
      response.end(isText ? body : `<body>${body}</body>`);
    });
    target = await lab.target('small', targetOf("price: { select: 'i', as: 'number' }"));
    const { code, stderr } = await runBatch(lab, target, { date: DATE });
    expect(code, stderr).toBe(0);
  });

  afterAll(() => site?.stop());

  function targetOf(price: string, type = 'z.number()', more = ''): string {
    return `
import { defineTarget } from 'thresh';
import { z } from 'zod';
export default defineTarget({
  name: 'small',
  schema: z.object({ sku: z.string(), title: z.string(), brand: z.string().optional(), price: ${type} }),
  key: ['sku'],
  discover: Array.from({ length: 9 }, (_, at) => ({ url: '${site.url}/p/' + at, label: 'detail' })),
  ready: { detail: 'article' },
  timeoutMs: 10_000,
  retries: 0,
  ${more}
  fields: { detail: { fields: { sku: 'article@data-sku', title: 'h1', brand: 'b', ${price} } } },
});
`;
  }

  const changes: [string, Page, RegExp][] = [
    [
      'a column that is empty',
      (n) => ({ body: article(n).replace(/<b>.*<\/b>/, '') }),
      /^brand is NULL in 5 of 5/,
    ],
    [
      'columns in each other’s place',
      (n) => ({ body: article(n, { title: `Maker ${n}`, brand: `Kettle No. ${n}` }) }),
      /^title stands in brand in 5 of 5/,
    ],
    [
      'a price in words',
      (n) => ({ body: article(n, { price: 'ask us' }) }),
      /^the schema refuses 5 of 5 rows: price: /,
    ],
    [
      'pages that are down',
      (n) => ({ status: n === 4 ? 500 : 200, body: article(n) }),
      /^1 of 5 pages failed: HTTP_STATUS/,
    ],
    ['a frame without its content', () => ({ body: '<main>soon</main>' }), /^1 of 1 pages failed: NOT_READY/],
    ['pages that are gone', (n) => ({ status: 404, body: article(n) }), /^5 of 5 pages are gone/],
  ];
  test('a column that is empty, and a target that reads another type than before: 1, and why', async () => {
    const [, changed, reason] = changes[0] ?? [];
    const other = await lab.target('small', targetOf("price: 'i'", 'z.string()'));
    page = changed ?? asEver;
    const { code, stdout } = await lab.thresh(['check', other]);
    page = asEver;
    await lab.target('small', targetOf("price: { select: 'i', as: 'number' }"));
    expect(code).toBe(1);
    const [head = '', ...why] = stdout.split('\n');
    expect(head).toMatch(/^small does not fit any more: /);
    const told = why.slice(0, why.indexOf('')).map((line) => line.trim());
    expect(told).toContainEqual(expect.stringMatching(reason ?? ''));
    expect(told).toContainEqual('schema: price was DOUBLE and is VARCHAR');
  });

  // Each by itself: test/unit/dataset/fit.test.ts.
  longOnly('one after the other', () => {
    test.each(changes)('%s: 1, and why', async (_what, changed, reason) => {
      page = changed;
      const found = await check(target, ['--pages', /^\^1 of 1/.test(reason.source) ? '1' : '5']);
      page = asEver;
      expect(found.code).toBe(1);
      expect(found.reasons).toContainEqual(expect.stringMatching(reason));
    });

    test('a target that reads another type than before', async () => {
      const other = await lab.target('small', targetOf("price: 'i'", 'z.string()'));
      const { code, stdout } = await lab.thresh(['check', other]);
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^small does not fit any more: .*\n {2}schema: price was DOUBLE and is VARCHAR$/m,
      );
      await lab.target('small', targetOf("price: { select: 'i', as: 'number' }"));
    });
  });

  longOnly('and more', () => {
    test('without the batch its pages are found again by discovery', async () => {
      const env = { THRESH_HOME: path.join(lab.dir, 'elsewhere') };
      expect(await check(target, ['--pages', '2'], env)).toMatchObject({ code: 0, compared: 2 });
    });

    test('what robots.txt forbids is left out; with nothing left it cannot say that it fits', async () => {
      robots = 'User-agent: *\nDisallow: /p/6';
      const some = await check(target, ['--pages', '2']);
      expect(some).toMatchObject({
        code: 0,
        compared: 1,
        pages: [{ outcome: 'completed' }, { outcome: 'skipped' }],
      });
      robots = 'User-agent: *\nDisallow: /';
      const none = await check(target, ['--pages', '2']);
      robots = undefined;
      expect(none).toMatchObject({
        code: 1,
        reasons: ['none of 2 pages could be looked at: robots.txt forbids it'],
      });
    });

    test('no faster than the target may be asked', async () => {
      const more = 'throttle: { minDelayMs: 700 },';
      await lab.target('small', targetOf("price: { select: 'i', as: 'number' }", 'z.number()', more));
      const askedAtMs: number[] = [];
      page = (n) => {
        askedAtMs.push(performance.now());
        return asEver(n);
      };
      await check(target, ['--pages', '3']);
      page = asEver;
      expect(askedAtMs).toHaveLength(3);
      // From when the first one starts until it asks, a context is opened.
      expect((askedAtMs[2] ?? 0) - (askedAtMs[1] ?? 0)).toBeGreaterThan(500);
    });

    test('Ctrl-C ends it', async () => {
      await lab.target(
        'small',
        targetOf("price: { select: 'i', as: 'number' }", 'z.number()', 'throttle: { minDelayMs: 60_000 },'),
      );
      const running = lab.start(['check', target]);
      await running.says(/page 1 of 5/);
      running.child.kill('SIGINT');
      expect((await running.ended).code).toBe(130);
    });
  });
});
