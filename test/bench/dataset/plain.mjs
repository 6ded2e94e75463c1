// @ts-check
/** What a data engineer writes to get the same rows from the same files by DuckDB alone. */

const COLUMNS = [
  'sku',
  'title',
  'brand',
  'category',
  'price',
  'listPrice',
  'stock',
  'rating',
  'available',
  'tags',
  'listedAt',
  'description',
];

const ROW = `STRUCT(sku VARCHAR, title VARCHAR, brand VARCHAR, category VARCHAR, price DOUBLE, "listPrice" DOUBLE, stock BIGINT,
  rating DOUBLE, available BOOLEAN, tags VARCHAR[], "listedAt" TIMESTAMP, description VARCHAR)`;

/** @param {string} segments */
const source = (segments) => `read_json('${segments}/*.ndjson', format = 'newline_delimited', columns = {
  kind: 'VARCHAR', page: 'BIGINT', "index": 'INTEGER', url: 'VARCHAR', "fetchedAt": 'TIMESTAMP', "row": '${ROW}'})`;

const SHOWN = `${COLUMNS.map((name) => `"row"."${name}"`).join(', ')},
  url AS "_page_url", "fetchedAt" AS "_fetched_at", 'bench' AS "_batch"`;

/**
 * @typedef {object} Plain
 * @property {string} title
 * @property {Record<string, string>} settings of DuckDB
 * @property {(files: { segments: string, out: string }) => string[]} statements
 */

/** @type {Record<'window' | 'join', Plain>} */
export const PLAIN = {
  window: {
    title: 'DuckDB, one window query',
    settings: {},
    statements: ({ segments, out }) => [
      `COPY (
         SELECT ${SHOWN} FROM ${source(segments)} WHERE kind = 'row'
         QUALIFY row_number() OVER (PARTITION BY "row".sku ORDER BY page DESC, "index" DESC) = 1
       ) TO '${out}' (FORMAT parquet, COMPRESSION zstd)`,
    ],
  },
  join: {
    title: 'DuckDB, tuned: two passes, joined on the key',
    settings: { memory_limit: '512MB', preserve_insertion_order: 'false' },
    statements: ({ segments, out }) => [
      `CREATE TEMP TABLE winner AS
         SELECT "row".sku AS sku, max((page << 31) | "index") AS place FROM ${source(segments)} WHERE kind = 'row' GROUP BY 1`,
      `COPY (
         SELECT ${SHOWN} FROM ${source(segments)} AS found
         JOIN winner ON "row".sku = winner.sku AND ((found.page << 31) | found."index") = winner.place
         WHERE kind = 'row'
       ) TO '${out}' (FORMAT parquet, COMPRESSION zstd)`,
    ],
  },
};
