// @ts-check
/** A dataset in a few numbers that do not depend on the order of its rows: equal for equal rows. */
import { DuckDBInstance } from '@duckdb/node-api';

/**
 * @typedef {object} Digest
 * @property {number} rows
 * @property {number} keys distinct ones
 * @property {number} megabytes
 * @property {string} sums
 * @property {string} hash over all values of all rows
 */

/** @param {string} files a pattern @returns {Promise<Digest>} */
export async function digestOf(files) {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const found = await connection.runAndReadAll(
      `WITH found AS (SELECT * EXCLUDE ("_batch") FROM read_parquet('${files}'))
       SELECT count(*)::DOUBLE, count(DISTINCT sku)::DOUBLE,
         concat_ws(' ', sum(stock), sum((price * 100)::BIGINT), sum(epoch_ms("listedAt")), sum(len(tags)), sum(length(description))),
         sum(hash(found)::HUGEINT)::VARCHAR
       FROM found`,
    );
    const [rows, keys, sums, hash] = found.getRows()[0] ?? [];
    const sizes = await connection.runAndReadAll(`SELECT sum(size)::DOUBLE FROM read_blob('${files}')`);
    return {
      rows: Number(rows),
      keys: Number(keys),
      megabytes: Number(sizes.getRows()[0]?.[0]) / 1_000_000,
      sums: String(sums),
      hash: String(hash),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
