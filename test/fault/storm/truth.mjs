// @ts-check
/** What was delivered, as text that two runs can be compared by, and whether it is what the shop says. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { rowOf } from '../../shop/catalogue.mjs';

/** @typedef {import('../../shop/catalogue.mjs').Catalogue} Catalogue */

/**
 * What stands in a place: the manifest, the files by name (`_SUCCESS` the last), and the rows by key, without when and by
 * which batch they were fetched, a line each.
 * @param {import('./places.mjs').Place} place
 */
export async function readDataset(place) {
  const success = await place.read('_SUCCESS');
  if (success === undefined) throw new Error('there is no _SUCCESS');
  const manifest = JSON.parse(success.toString());
  /** @type {string[]} */
  const listed = manifest.files.map((/** @type {{ name: string }} */ { name }) => name);
  const found = (await place.names()).filter((name) => name !== '_SUCCESS');
  if (found.sort().join() !== listed.sort().join())
    throw new Error(`there is ${found}, the manifest names ${listed}`);
  /** @type {Map<string, Buffer>} */
  const files = new Map();
  for (const name of [...listed, '_SUCCESS']) files.set(name, (await place.read(name)) ?? Buffer.alloc(0));
  const dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-storm-'));
  try {
    for (const [name, body] of files) await writeFile(path.join(dir, name), body);
    return { manifest, files, rows: await rowsOf(listed.map((name) => path.join(dir, name))) };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** @param {string[]} files */
async function rowsOf(files) {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const result = await connection.runAndReadAll(
      `select * exclude (_fetched_at, _batch) from read_parquet([${files.map((file) => `'${file}'`).join(', ')}])
       order by sku, _page_url`,
    );
    return result.getRowObjectsJson().map((row) => JSON.stringify(row));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/**
 * The shop's own truth, as far as it is told by key, title, price and page.
 * @param {string[]} rows of `readDataset`
 * @param {Catalogue} catalogue
 * @param {string} shopUrl
 * @returns {string[]} what differs
 */
export function againstCatalogue(rows, catalogue, shopUrl) {
  const expected = new Map(
    [...catalogue.expectedRows().winners].map(([sku, number]) => {
      const { title, price } = rowOf(catalogue.productAt(number));
      return [sku, JSON.stringify([title, price, shopUrl + catalogue.pathOf(number)])];
    }),
  );
  /** @type {string[]} */
  const wrong = [];
  for (const line of rows) {
    const row = JSON.parse(line);
    const told = JSON.stringify([row.title, row.price, row._page_url]);
    if (expected.get(row.sku) !== told) wrong.push(`${row.sku}: ${told}, not ${expected.get(row.sku)}`);
    expected.delete(row.sku);
  }
  return [...wrong, ...[...expected.keys()].map((sku) => `${sku} is missing`)];
}

/**
 * @param {{ pages: Record<string, number>, rows: Record<string, number> }} manifest
 * @returns {string[]} what does not balance
 */
export function againstBooks({ pages, rows }) {
  const { frontier, completed = 0, gone = 0, skipped = 0, dead = 0, unfinished = 0 } = pages;
  const { read, delivered = 0, duplicates = 0, quarantined = 0 } = rows;
  const problems = [];
  if (completed + gone + skipped + dead + unfinished !== frontier || unfinished + dead > 0)
    problems.push(`pages: ${JSON.stringify(pages)}`);
  if (delivered + duplicates + quarantined !== read) problems.push(`rows: ${JSON.stringify(rows)}`);
  return problems;
}
