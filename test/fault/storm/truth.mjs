// @ts-check
/** What was delivered, as text that two runs can be compared by, and whether it is what the shop says. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { rowOf } from '../../shop/catalogue.mjs';

/** @typedef {import('../../shop/catalogue.mjs').Catalogue} Catalogue */

/**
 * The rows by key, without when and by which batch they were fetched, a line each; and the manifest.
 * @param {string} out
 */
export async function readDataset(out) {
  const target = path.join(out, 'demo-shop');
  const folder = path.join(target, 'date=2026-03-01');
  const manifest = JSON.parse(await readFile(path.join(folder, '_SUCCESS'), 'utf8'));
  const hidden = (await readdir(target)).filter((name) => name.startsWith('.'));
  if (hidden.length > 0) throw new Error(`left beside the dataset: ${hidden.join(', ')}`);
  const listed = manifest.files.map((/** @type {{ name: string }} */ { name }) => name);
  const found = (await readdir(folder)).filter((name) => name !== '_SUCCESS');
  if (found.sort().join() !== listed.sort().join())
    throw new Error(`the folder holds ${found}, the manifest names ${listed}`);
  const files = listed.map((/** @type {string} */ name) => `'${path.join(folder, name)}'`).join(', ');
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    const result = await connection.runAndReadAll(
      `select * exclude (_fetched_at, _batch) from read_parquet([${files}]) order by sku, _page_url`,
    );
    return { manifest, rows: result.getRowObjectsJson().map((row) => JSON.stringify(row)) };
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
