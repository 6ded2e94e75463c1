// @ts-check
/** The nights, each in a process of its own against the same shop, and the comparison of what they delivered. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { startShopProcess } from '../shop-process.mjs';
import { targetCode } from './shop-target.mjs';

/** @typedef {import('./shop-target.mjs').By} By */
/** @typedef {Awaited<ReturnType<typeof startShopProcess>>} ShopProcess */

/**
 * @typedef {object} Night
 * @property {number} requests that the shop was asked
 * @property {number} notModified answered 304, of those
 * @property {number} seconds from discovery to delivery
 * @property {number} cpuSeconds browsers included, the shop's not
 * @property {number} pages completed
 * @property {number} rendered of those
 * @property {import('../../../src/delivery/manifest.js').CarryBooks} [incremental]
 */

/** @typedef {{ by: By, first: Night, incremental: Night, full: Night, rows: number, differing: number, changed: number }} Nights `changed`: rows that are others than in the first night */

const command = path.resolve(import.meta.dirname, '../../../dist/src/cli/main.js');
const [BEFORE, AFTER] = ['2026-03-01', '2026-03-02'];
/** Of products that do not change. */
const LONG_AGO = '2020-01-01T00:00:00Z';
const MOST_OUTPUT = 512 * 1024 * 1024;
const run = promisify(execFile);

/**
 * @param {By} by
 * @param {{ pages: number, every: number, latencyMs: number }} options
 * @param {(said: string) => void} progress
 * @returns {Promise<Nights>}
 */
export async function measureNights(by, { pages, every, latencyMs }, progress) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-bench-nights-'));
  const shop = await startShopProcess({ products: pages, latencyMs });
  const night = async (/** @type {string} */ name, /** @type {string} */ date) => {
    const isFull = name === 'full';
    const measured = await runNight(shop, { dir, name, date, by, pages, isFull });
    progress(`  ${by}, ${name} ${date}: ${measured.requests} requests, ${measured.seconds.toFixed(1)} s`);
    return measured;
  };
  try {
    await shop.control({ lastmod: LONG_AGO, tagged: true });
    const first = await night('incremental', BEFORE);
    await shop.control({ repriced: { every, at: new Date().toISOString() } });
    const incremental = await night('incremental', AFTER);
    const full = await night('full', AFTER);
    return { by, first, incremental, full, ...(await compare(dir)) };
  } finally {
    await shop.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * @param {ShopProcess} shop
 * @param {{ dir: string, name: string, date: string, by: By, pages: number, isFull: boolean }} how
 * @returns {Promise<Night>}
 */
async function runNight(shop, { dir, name, date, by, pages, isFull }) {
  const file = path.join(dir, 'targets', `${name}.ts`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, targetCode({ name, shop: shop.url, by, pages, isFull }));
  await shop.takeLog();
  const { stdout } = await run(process.execPath, [command, 'run', file, '--json', '--date', date], {
    maxBuffer: MOST_OUTPUT,
    env: { ...process.env, THRESH_HOME: path.join(dir, 'home'), THRESH_OUT: path.join(dir, 'out') },
  });
  const report = JSON.parse(stdout);
  const { requests, byStatus } = await shop.takeLog();
  return {
    requests,
    notModified: byStatus[304] ?? 0,
    seconds: report.times.seconds,
    cpuSeconds: report.cost.cpuSeconds,
    pages: report.pages.completed,
    rendered: (report.incremental ?? report.lane).rendered,
    ...(report.incremental === undefined ? {} : { incremental: report.incremental }),
  };
}

/** @param {string} dir */
async function compare(dir) {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const rowsOf = (/** @type {string} */ name, /** @type {string} */ date) =>
    `select slug, title, price, sku from read_parquet('${path.join(dir, 'out', name, `date=${date}`)}/*.parquet')`;
  const count = async (/** @type {string} */ sql) => {
    const found = await (await connection.run(`select count(*)::int as n from (${sql})`)).getRowObjects();
    return Number(found[0]?.n);
  };
  const [before, after, full] = [
    rowsOf('incremental', BEFORE),
    rowsOf('incremental', AFTER),
    rowsOf('full', AFTER),
  ];
  try {
    return {
      rows: await count(full),
      differing:
        (await count(`(${after}) except all (${full})`)) + (await count(`(${full}) except all (${after})`)),
      changed: await count(`(${after}) except all (${before})`),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
