import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
let dir: string;
// biome-ignore lint/suspicious/noExplicitAny: the shop is plain JavaScript
let shop: any;

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-test-'));
  const { startShop } = await import(path.join(root, 'test/shop/server.mjs'));
  shop = await startShop({ port: 0, products: 150 });
});

afterAll(async () => {
  await shop?.stop();
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

function thresh(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(root, 'dist/src/cli/main.js'), ...args], {
      cwd: root,
      env: { ...process.env, THRESH_DEMO_URL: shop.url, THRESH_HOME: path.join(dir, 'home'), THRESH_OUT: path.join(dir, 'out') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

test('a batch goes from discovery to a delivered dataset whose books and types are right', { timeout: 240_000 }, async () => {
  const { code, stdout, stderr } = await thresh('run', 'demo-shop', '--json');
  expect(code, stderr).toBe(0);
  const report = JSON.parse(stdout);
  const folder = path.join(dir, 'out', 'demo-shop', `date=${report.date}`);
  const manifest = JSON.parse(await readFile(path.join(folder, '_SUCCESS'), 'utf8'));
  for (const file of manifest.files) {
    const bytes = await readFile(path.join(folder, file.name));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
  }
  const { pages, rows } = manifest;
  expect(pages.completed + pages.gone + pages.skipped + pages.dead + pages.unfinished).toBe(pages.frontier);
  expect(rows.delivered + rows.duplicates + rows.quarantined).toBe(rows.read);
  expect(rows.quarantined).toBeGreaterThan(0);
  const database = await DuckDBInstance.create();
  const connection = await database.connect();
  const from = `read_parquet('${folder}/*.parquet')`;
  const [counted] = (await connection.runAndReadAll(`select count(*)::int n, count(distinct sku)::int k from ${from}`)).getRowObjects();
  expect(counted).toEqual({ n: rows.delivered, k: rows.delivered });
  const types = Object.fromEntries(
    (await connection.runAndReadAll(`describe select * from ${from}`)).getRowObjects().map((row) => [row.column_name, row.column_type]),
  );
  expect(types).toMatchObject({ sku: 'VARCHAR', price: 'DOUBLE', stock: 'BIGINT', tags: 'VARCHAR[]' });
  expect(String(types.listedAt)).toMatch(/^TIMESTAMP/);
  const refused = (await readFile(path.join(dir, 'out', 'demo-shop', '_runs', report.batch, 'quarantine.ndjson'), 'utf8')).trimEnd().split('\n');
  expect(refused).toHaveLength(rows.quarantined);
  expect(JSON.parse(refused[0] ?? '').issues.length).toBeGreaterThan(0);
});

test('a wrong target is refused with exit code 2 and no stack', async () => {
  const { code, stderr } = await thresh('run', 'no-such-target');
  expect(code).toBe(2);
  expect(stderr).not.toMatch(/^\s+at /m);
});
