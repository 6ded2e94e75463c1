import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../src/delivery/manifest.js';
import { openS3Store, type S3Store } from '../../src/store/s3-store.js';
import { type Lab, openLab } from '../support/lab.js';
import { type LightShop, startLightShop } from '../support/light-shop.js';
import { casesOf, isLong, longTest } from '../support/long.js';
import { type SharedSwift, sharedSwift } from '../support/shared-swift.js';
import { missingForSwift } from '../support/swift.mjs';

const PRODUCTS = 6;
const BUCKET = 'nights';
const OUT = `s3://${BUCKET}/nightly`;

describe.skipIf(missingForSwift() !== undefined)('a batch to S3', () => {
  let lab: Lab;
  let shop: LightShop;
  let target: string;
  let swift: SharedSwift;
  let store: S3Store;
  /** The batch that stands for 1 March. */
  let standing: string;

  beforeAll(async () => {
    shop = await startLightShop({ products: PRODUCTS });
    lab = await openLab();
    target = await lab.target(
      'far',
      `
import { defineTarget, sitemap } from 'thresh';
import { z } from 'zod';

export default defineTarget({
  name: 'far',
  schema: z.object({ slug: z.string(), title: z.string(), price: z.string() }),
  key: ['slug'],
  discover: sitemap('${shop.url}/sitemap.xml'),
  ready: 'article',
  fields: { rows: 'article', fields: { slug: '@data-slug', title: '.title', price: '.price' } },
});
`,
    );
    swift = await sharedSwift(BUCKET);
    Object.assign(process.env, swift.env);
    store = openS3Store(BUCKET, { endpoint: swift.endpoint });
  });

  afterAll(async () => {
    store?.close();
    await shop?.stop();
    await lab?.close();
  });

  test('is delivered whole, and says where', async () => {
    const args = ['run', target, '--date', '2026-03-01', '--out', OUT];
    const first = await lab.thresh(args, swift.env);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout.trim()).toBe(`${OUT}/far/date=2026-03-01`);
    await expectWhole();
    if (!isLong) return;
    // Another one replaces it.
    const second = await lab.thresh([...args, '--json'], swift.env);
    expect(second.code, second.stderr).toBe(0);
    await expectWhole();
    expect(standing).toBe((JSON.parse(second.stdout) as Manifest).batch);
  });

  async function expectWhole(): Promise<void> {
    const folder = 'nightly/far/date=2026-03-01/';
    const success = Buffer.from((await store.bytes(`${folder}_SUCCESS`)) ?? '').toString();
    const manifest = JSON.parse(success) as Manifest;
    standing = manifest.batch;
    expect(manifest.rows.delivered).toBe(PRODUCTS);
    const keys: string[] = [];
    for await (const { key } of store.list(folder)) keys.push(key.slice(folder.length));
    expect(keys.sort()).toEqual(['_SUCCESS', ...manifest.files.map((file) => file.name)].sort());
    const runs: string[] = [];
    for await (const { key } of store.list(`nightly/far/_runs/${standing}/`)) runs.push(path.basename(key));
    expect(runs.sort()).toEqual(['dead-letters.ndjson', 'quarantine.ndjson', 'report.json']);
    expect(await store.uploads('')).toEqual([]);
  }

  // In every run: such copies by delivery.test.ts, and what is made of them by check.test.ts.
  longTest('is compared with what its pages give now, from a copy of its files', async () => {
    const args = ['check', target, '--out', OUT, '--pages', '3', '--json'];
    const first = await lab.thresh(args, swift.env);
    expect(first.code, first.stderr).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({ fits: true, compared: 3, date: '2026-03-01' });
    const copies = await readdir(path.join(lab.home, 'delivered', 'far'), { recursive: true });
    expect(copies.filter((name) => name.endsWith('.parquet'))).toHaveLength(1);
    const nothing = await lab.thresh(['check', target, '--out', `s3://${BUCKET}/elsewhere`], swift.env);
    expect(nothing.code).toBe(2);
  });

  test('is compared with another by copies of both, which are gone afterwards', async () => {
    shop.reprice({ every: 2 });
    const next = await lab.thresh(['run', target, '--date', '2026-03-02', '--out', OUT, '--json'], swift.env);
    expect(next.code, next.stderr).toBe(0);
    const { batch } = JSON.parse(next.stdout) as Manifest;
    const args = ['diff', standing, batch];
    const { code, stdout, stderr } = await lab.thresh(args, swift.env);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /^ {2}added +0\n {2}gone +0\n {2}changed +3\n {2}same +3\n {2}by column +price 3$/m,
    );
    expect(await readdir(path.join(lab.home, 'diff'))).toEqual([]);
    if (!isLong) return;
    const elsewhere = await lab.thresh(['--home', path.join(lab.dir, 'other'), ...args], {
      ...swift.env,
      THRESH_OUT: OUT,
    });
    expect(elsewhere.stdout).toBe(stdout);
  });

  // In every run: the other one by delivery.test.ts.
  const bad: [string, string, Record<string, string>, RegExp][] = [
    ['a wrong secret', `s3://${BUCKET}/x`, { AWS_SECRET_ACCESS_KEY: 'wrong' }, /check the credentials/],
    ['a bucket that is none', 's3://no-such-bucket', {}, /make the bucket/],
  ];
  test.each(casesOf(bad, 1))('%s is found before the first page', async (_, out, env, mend) => {
    shop.requests.length = 0;
    const { code, stderr } = await lab.thresh(['run', target, '--date', '2026-03-02', '--out', out], {
      ...swift.env,
      ...env,
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(mend);
    expect(shop.requests).toEqual([]);
  });
});
