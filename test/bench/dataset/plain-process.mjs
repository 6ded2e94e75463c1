// @ts-check
/** One run of plain DuckDB in a process of its own. Arguments: which, segments, output. Prints what it took. */
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { PLAIN } from './plain.mjs';
import { startCost } from './process-cost.mjs';

const [which = '', segments = '', out = ''] = process.argv.slice(2);
const { settings, statements } = PLAIN[/** @type {keyof typeof PLAIN} */ (which)];
const cost = startCost();
const instance = await DuckDBInstance.create(':memory:', {
  temp_directory: `${out}.spill`,
  ...settings,
});
const connection = await instance.connect();
for (const statement of statements({ segments: path.resolve(segments), out: path.resolve(out) }))
  await connection.run(statement);
connection.closeSync();
instance.closeSync();
console.log(JSON.stringify(cost.taken()));
