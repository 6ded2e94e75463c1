// @ts-check
/**
 * One aggregation as the farm does it when the last page of a batch is in, in a process of its own: which attempts
 * count, dedup, files, statistics. Arguments: engine, segments, work folder. Prints what it took.
 */
import { key, schema } from './catalogue.mjs';
import { aggregatingPart, columnsPart } from './farm-part.mjs';
import { startCost } from './process-cost.mjs';

const [engine = 'duckdb', segments = '', work = ''] = process.argv.slice(2);
const { aggregateBatch } = await aggregatingPart();
const { columns } = (await columnsPart()).columnsOf(schema);
const cost = startCost();
/** @type {Parameters<typeof aggregateBatch>[0]} */
const input = {
  spec: /** @type {Parameters<typeof aggregateBatch>[0]['spec']} */ ({ id: 'bench', date: '2026-03-01' }),
  files: /** @type {Parameters<typeof aggregateBatch>[0]['files']} */ ({ segments, work }),
  columns,
  key,
  engine: engine === 'duckdb' ? 'duckdb' : 'parquetjs',
  voids: {},
  marksCarried: false,
  signal: new AbortController().signal,
};
const { totals, dataset } = await aggregateBatch(input);
const { read, delivered, duplicates } = dataset;
console.log(
  JSON.stringify({ ...cost.taken(), pages: totals.outcomes.completed, read, delivered, duplicates }),
);
