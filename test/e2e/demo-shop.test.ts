import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isValid, rowOf } from '../shop/catalogue.mjs';
import { startShop } from '../shop/server.mjs';
import { type Lab, openLab, root } from '../support/lab.js';
import { casesOf, isLong } from '../support/long.js';

/** Of the few, too, one is a second page of a product, and no more are refused than the gate lets pass. */
const PRODUCTS = isLong ? 100 : 60;
let lab: Lab;
let shop: Awaited<ReturnType<typeof startShop>>;

beforeAll(async () => {
  shop = await startShop({ products: PRODUCTS });
  lab = await openLab({ THRESH_DEMO_URL: shop.url });
});

afterAll(async () => {
  await shop?.stop();
  await lab?.close();
});

// What each engine writes is the same: test/integration/dataset/engines.test.ts.
test.each(casesOf(['duckdb', 'parquetjs'], 1))(
  'what is delivered by %s equals the catalogue, row by row',
  {
    timeout: 240_000,
  },
  async (engine) => {
    const date = engine === 'duckdb' ? '2026-03-01' : '2026-03-02';
    const { code, stdout, stderr } = await lab.thresh(
      ['run', path.join(root, 'targets/demo-shop.ts'), '--json', '--date', date],
      { THRESH_PARQUET: engine },
    );
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.cost.cpuSeconds).toBeGreaterThan(1);
    const { folder, manifest } = await lab.manifest('demo-shop', date);
    for (const file of manifest.files) {
      const bytes = await readFile(path.join(folder, file.name));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
      expect(bytes.length).toBe(file.bytes);
    }

    const { pages, rows } = manifest;
    const truth = shop.catalogue.expectedRows();
    expect(pages.completed + pages.gone + pages.skipped + pages.dead + pages.unfinished).toBe(pages.frontier);
    expect(rows).toEqual({
      read: PRODUCTS,
      delivered: truth.distinctValidKeys,
      duplicates: truth.duplicates,
      quarantined: truth.refusedRows,
    });

    const types = Object.fromEntries(
      (await lab.query('demo-shop', date, 'describe select * from FILES')).map((column) => [
        column.column_name,
        column.column_type,
      ]),
    );
    expect(types).toMatchObject({
      sku: 'VARCHAR',
      price: 'DOUBLE',
      stock: 'BIGINT',
      available: 'BOOLEAN',
      tags: 'VARCHAR[]',
      _batch: 'VARCHAR',
    });
    expect(types.listedAt).toMatch(/^TIMESTAMP/);
    expect(types._fetched_at).toMatch(/^TIMESTAMP/);
    expect(types.specs).toMatch(/^STRUCT\(.*dimensions STRUCT\(.*extra MAP\(VARCHAR, VARCHAR\)/);

    const delivered = await lab.query(
      'demo-shop',
      date,
      `select sku, title, price, currency, category, stock::int as stock, available, rating, tags, description,
       specs.material as material, specs.weightGrams::int as weight, specs.dimensions.depthMm::int as depth,
       map_entries(specs.extra)::json::varchar as extra, epoch_ms(listedAt)::double as listedAt, _page_url
     from FILES order by sku`,
    );
    const expected = [...truth.winners]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, number]) => {
        const { specs, listedAt, rating, ...row } = rowOf(shop.catalogue.productAt(number));
        return {
          ...row,
          rating: rating ?? null,
          material: specs.material,
          weight: specs.weightGrams,
          depth: specs.dimensions.depthMm,
          extra: JSON.stringify(Object.entries(specs.extra).map(([key, value]) => ({ key, value }))),
          listedAt: listedAt?.getTime() ?? null,
          _page_url: shop.url + shop.catalogue.pathOf(number),
        };
      });
    expect(delivered).toEqual(expected);

    const refused = await lab.lines('demo-shop', report.batch, 'quarantine.ndjson');
    const wrong = Array.from({ length: PRODUCTS }, (_, number) => shop.catalogue.productAt(number))
      .filter((product) => !isValid(product))
      .map((product) => shop.url + shop.catalogue.pathOf(product.number));
    expect(refused.map((record) => record.url).sort()).toEqual(wrong.sort());
    for (const record of refused) {
      const [issue] = record.issues as { path: string; message: string }[];
      expect(['price', 'stock', 'currency']).toContain(issue?.path);
      expect(issue?.message).not.toBe('');
    }
  },
);

test('a wrong target is refused with exit code 2 and no stack', async () => {
  const { code, stderr } = await lab.thresh(['run', 'no-such-target']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/no target "no-such-target"/);
  expect(stderr).not.toMatch(/^\s+at /m);
});
