// @ts-check
/** The three ways, each in processes of its own against the same shop, and the comparison of what they gave. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { startShopProcess } from '../shop-process.mjs';
import { targetCode } from './shop-target.mjs';

/**
 * @typedef {object} Way
 * @property {number} pages
 * @property {number} pagesPerSecond while pages are fetched
 * @property {number} cpuMs of CPU a page, browsers included, the shop's not
 * @property {import('../../../src/delivery/manifest.js').LaneBooks} [lane]
 */

/** @typedef {{ render: Way, auto: Way, bare: Way, rows: number, differing: number, renderedDiffering: number }} Ways */

const root = path.resolve(import.meta.dirname, '../../..');
const command = path.join(root, 'dist/src/cli/main.js');
const DATE = '2026-03-01';
const MOST_OUTPUT = 512 * 1024 * 1024;
const run = promisify(execFile);

/**
 * @param {{ pages: number, rendered: number, inFlight: number, latencyMs: number }} options
 * @param {(said: string) => void} progress
 * @returns {Promise<Ways>}
 */
export async function measureWays({ pages, rendered, inFlight, latencyMs }, progress) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-bench-lane-'));
  const shop = await startShopProcess({ products: pages, latencyMs });
  try {
    const bareBefore = await runBare(shop.url, pages, inFlight);
    progress(`  bare loop: ${bareBefore.way.pagesPerSecond.toFixed(0)} pages/s`);
    const render = await runFarm({ dir, shop: shop.url, lane: 'render', inFlight, limit: rendered });
    progress(`  render lane: ${render.pagesPerSecond.toFixed(1)} pages/s`);
    const auto = await runFarm({ dir, shop: shop.url, lane: 'auto', inFlight });
    progress(`  auto lane: ${auto.pagesPerSecond.toFixed(0)} pages/s`);
    const bareAfter = await runBare(shop.url, pages, inFlight);
    progress(`  bare loop again: ${bareAfter.way.pagesPerSecond.toFixed(0)} pages/s`);
    const bare =
      bareBefore.way.pagesPerSecond > bareAfter.way.pagesPerSecond ? bareBefore.way : bareAfter.way;
    return { render, auto, bare, ...(await compare(dir, bareAfter.rows)) };
  } finally {
    await shop.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * @param {{ dir: string, shop: string, lane: 'render' | 'auto', inFlight: number, limit?: number }} how
 * @returns {Promise<Way>}
 */
async function runFarm({ dir, shop, lane, inFlight, limit }) {
  const file = path.join(dir, 'targets', `${lane}.ts`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, targetCode({ name: lane, shop, lane, inFlight }));
  const args = [command, 'run', file, '--json', '--date', DATE];
  const { stdout } = await run(
    process.execPath,
    limit === undefined ? args : [...args, '--limit', String(limit)],
    {
      maxBuffer: MOST_OUTPUT,
      env: { ...process.env, THRESH_HOME: path.join(dir, 'home'), THRESH_OUT: path.join(dir, 'out') },
    },
  );
  const report = JSON.parse(stdout);
  const { completed } = report.pages;
  return {
    pages: completed,
    pagesPerSecond: report.pagesPerSecond,
    cpuMs: (report.cost.cpuSeconds * 1_000) / completed,
    ...(report.lane === undefined ? {} : { lane: report.lane }),
  };
}

/** @param {string} shop @param {number} pages @param {number} inFlight */
async function runBare(shop, pages, inFlight) {
  const file = path.join(import.meta.dirname, 'bare-loop.mjs');
  const { stdout } = await run(process.execPath, [file, shop, String(pages), String(inFlight)], {
    maxBuffer: MOST_OUTPUT,
  });
  const said = JSON.parse(stdout);
  /** @type {Way} */
  const way = {
    pages: said.pages,
    pagesPerSecond: said.pages / said.seconds,
    cpuMs: (said.cpuSeconds * 1_000) / said.pages,
  };
  return { way, rows: /** @type {{ sku: string }[]} */ (said.rows) };
}

/**
 * Rows of the auto lane against the answers themselves, and rows of the render lane against those of the auto lane.
 * @param {string} dir
 * @param {readonly unknown[]} answers
 */
async function compare(dir, answers) {
  const file = path.join(dir, 'answers.ndjson');
  await writeFile(file, answers.map((row) => JSON.stringify(row)).join('\n'));
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const columns =
    'sku, title, price::double as price, stock::bigint as stock, tags::varchar[] as tags, description';
  const filesOf = (/** @type {string} */ lane) =>
    `read_parquet('${path.join(dir, 'out', lane, `date=${DATE}`)}/*.parquet')`;
  const of = (/** @type {string} */ lane) => `select ${columns} from ${filesOf(lane)}`;
  const asked = `select ${columns} from read_ndjson('${file}', columns = {sku: 'varchar', title: 'varchar', price: 'json', stock: 'json', tags: 'varchar[]', description: 'varchar'}, maximum_object_size = 10000000)
    where try_cast(price as double) > 0 and try_cast(stock as bigint) >= 0 and json_type(price) <> 'VARCHAR' and stock::varchar not like '%.%'`;
  const count = async (/** @type {string} */ sql) => {
    const found = await (await connection.run(`select count(*)::int as n from (${sql})`)).getRowObjects();
    return Number(found[0]?.n);
  };
  try {
    const auto = of('auto');
    const wanted = `select distinct on (sku) * from (${asked})`;
    return {
      rows: await count(auto),
      differing:
        (await count(`(${auto}) except all (${asked})`)) +
        Math.abs((await count(auto)) - (await count(wanted))),
      // Of two pages with one key the later is delivered, and that may be none of the first so many.
      renderedDiffering: await count(
        `(${of('render')} where _page_url in (select _page_url from ${filesOf('auto')})) except all (${auto})`,
      ),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
