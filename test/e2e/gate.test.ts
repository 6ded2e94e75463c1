/** A healthy history, then one thing after the other that a gate is for: each is held and named, and what is held can be released. */
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliver } from '../../src/cli/deliver.js';
import type { GateCheck } from '../../src/dataset/gate.js';
import { readSettings } from '../../src/settings.js';
import { type Lab, openLab } from '../support/lab.js';
import { type LightShop, startLightShop } from '../support/light-shop.js';
import { isLong, longOnly, longTest } from '../support/long.js';
import { runBatch } from '../support/run-batch.js';

const PRODUCTS = 12;
let lab: Lab;
let shop: LightShop;
let target: string;

const FIRST = '2026-03-01';

beforeAll(async () => {
  shop = await startLightShop({ products: PRODUCTS });
  lab = await openLab();
  target = await writeTarget({});
  const { code, stderr } = await runBatch(lab, target, { date: FIRST });
  expect(code, stderr).toBe(0);
  await alsoOn('2026-03-02');
  await alsoOn('2026-03-03');
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

/** A night that delivered what the first one did. */
async function alsoOn(date: string, more: Record<string, unknown> = {}): Promise<void> {
  const { folder, manifest } = await lab.manifest('nightly', FIRST);
  const to = path.join(path.dirname(folder), `date=${date}`);
  const batch = manifest.batch.replace('20260301', date.replaceAll('-', ''));
  await cp(folder, to, { recursive: true });
  await writeFile(path.join(to, '_SUCCESS'), JSON.stringify({ ...manifest, date, batch, ...more }));
}

/** The same target, read or declared in another way from one night to the next. */
function writeTarget({ row = '', column = 'title: z.string(),', options = '' }): Promise<string> {
  return lab.target(
    'nightly',
    `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'nightly',
  schema: z.object({ path: z.string(), ${column} category: z.string().optional() }),
  key: ['path'],
  discover: sitemap('${shop.url}/sitemap.xml'),
  ready: '[data-sku]',
  ${options}
  async extract({ page }) {
    const row = await page.evaluate(() => ({
      path: location.pathname,
      title: document.querySelector('.title')?.textContent ?? '',
      category: document.querySelector('.price')?.textContent ?? undefined,
    }));
    return { ...row, ${row} };
  },
});
`,
  );
}

async function run(date: string, args: string[] = []) {
  const ran = await runBatch(lab, target, { date, args });
  const checks = ran.report.gate.checks as GateCheck[];
  return { ...ran, checks, failed: checks.filter((check) => !check.passed).map((check) => check.name) };
}

/** Releases a held batch, and sees that it is delivered as such. */
async function release(batch: string, date: string, failed: string[]): Promise<void> {
  const { home, out } = lab;
  await expect(
    deliver(batch, {}, readSettings({ ...process.env, THRESH_HOME: home, THRESH_OUT: out })),
  ).rejects.toMatchObject({
    code: 'USAGE',
    mend: expect.stringContaining('--force delivers it all the same'),
  });
  if (isLong) {
    const refused = await lab.thresh(['deliver', batch]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--force delivers it all the same');
  }
  const { code, stdout, stderr } = await lab.thresh(['deliver', batch, '--force', '--json']);
  expect(code, stderr).toBe(0);
  const { state, gate } = JSON.parse(stdout);
  expect({ state, gate }).toMatchObject({ state: 'delivered', gate: { passed: false, forced: true } });
  const { manifest } = await lab.manifest('nightly', date);
  expect(manifest).toMatchObject({ batch, forced: failed });
}

test('a healthy batch is compared and delivered; a sample neither is compared nor counts', async () => {
  if (isLong) {
    const sample = await run('2026-03-04', ['--limit', '2']);
    expect(sample.code, sample.stderr).toBe(0);
    expect(sample.report.rows.delivered).toBe(2);
    expect((await lab.manifest('nightly', '2026-03-04')).manifest.limit).toBe(2);
  } else {
    // That it is not compared: test/unit/dataset/compare.test.ts.
    await alsoOn('2026-03-04', { limit: 2 });
  }

  const { checks, report } = await run('2026-03-05');
  expect(report.state).toBe('delivered');
  const compared = checks.filter((check) => check.earlier !== undefined);
  expect(compared).toMatchObject([
    { name: 'rows compared', value: PRODUCTS, earlier: 3, expected: { least: PRODUCTS * 0.75 } },
    { name: 'nulls of category', value: 0, earlier: 3 },
    { name: 'schema', value: 0, earlier: 1 },
  ]);
  expect((await lab.manifest('nightly', '2026-03-05')).manifest).not.toHaveProperty('forced');
});

/** The first three product pages, as code of the target. */
const isOneOfThree = () =>
  `${JSON.stringify([0, 1, 2].map((number) => `/p/${shop.product(number).slug}`))}.includes(row.path)`;

const held: [string, string, string, () => Parameters<typeof writeTarget>[0]][] = [
  ['a column that yields nothing', 'nulls of category', '2026-03-20', () => ({ row: 'category: undefined' })],
  ['a column that is gone', 'schema', '2026-03-21', () => ({ column: '' })],
  [
    'rows that the schema refuses',
    'quarantined',
    '2026-03-22',
    () => ({ row: `title: ${isOneOfThree()} ? 7 : row.title` }),
  ],
  ['too few rows', 'rows', '2026-03-23', () => ({ options: `gate: { minRows: ${PRODUCTS + 1} },` })],
  [
    'pages that fail',
    'completed',
    '2026-03-24',
    () => ({ options: 'retries: 0,', row: `title: ${isOneOfThree()} ? row.none.none : row.title` }),
  ],
];
// What each check makes of its figures: test/unit/dataset/gate.test.ts.
longOnly('one after the other', () => {
  test.each(held)(
    '%s: held by "%s"',
    async (_what, name, date, change) => {
      await writeTarget(change());
      const { code, failed, stderr } = await run(date);
      expect({ code, failed }, stderr).toEqual({ code: 3, failed: [name] });
      await expect(lab.manifest('nightly', date)).rejects.toThrow('ENOENT');
    },
    240_000,
  );
});

test('half of the catalogue, and a column that yields nothing: held, and released', async () => {
  shop.settings.products = PRODUCTS / 2;
  await writeTarget({ row: 'category: undefined' });
  const { code, failed, report, stderr } = await run('2026-03-10');
  expect({ code, failed }).toEqual({ code: 3, failed: ['rows compared', 'nulls of category'] });
  expect(report.reason).toMatch(
    /^6 rows; 9 to 16 expected after 4 earlier datasets \(median 12\); category is NULL in 100 % of 6 rows; /,
  );
  expect(stderr).toContain(report.reason);
  await expect(lab.manifest('nightly', '2026-03-10')).rejects.toThrow('ENOENT');
  await release(report.batch, '2026-03-10', failed);
});

longTest('what was released is expected from then on', async () => {
  await writeTarget({});
  const next = await run('2026-03-11');
  expect(next.code, next.stderr).toBe(0);
});
