/**
 * Run as its own process: builds a dataset of `rows` generated rows and prints what it took as one JSON line.
 * Arguments: engine, rows, folder, memory limit in MB.
 */
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { aggregate } from '../../../src/dataset/aggregate.js';
import { columnsOf } from '../../../src/dataset/columns.js';
import { encodeRow } from '../../../src/dataset/encode.js';
import type { EngineName } from '../../../src/dataset/engine.js';

const [engine, count, folder = '.', memory] = process.argv.slice(2);

const { columns } = columnsOf(
  z.object({
    sku: z.string(),
    title: z.string(),
    body: z.string(),
    price: z.number(),
    stock: z.int(),
    tags: z.array(z.string()),
    listed: z.date(),
  }),
);

/** One row in twenty has the key of an earlier one. */
function* lines(rows: number): Generator<string> {
  for (let i = 0; i < rows; i += 1) {
    const row = encodeRow(columns, {
      sku: `sku-${i % 20 === 0 ? Math.floor(i / 2) : i}`,
      title: `Title of the product number ${i}`,
      body: `${(i * 2654435761) % 4294967296} `.repeat(20),
      price: i / 7,
      stock: i % 1000,
      tags: [`t${i % 13}`, `u${i % 17}`],
      listed: new Date(i * 86_400),
    });
    const fetchedAt = new Date(1_767_322_445_000 + i).toISOString();
    yield `${JSON.stringify({ kind: 'row', page: i, index: 0, url: `http://127.0.0.1/p/${i}`, fetchedAt, row })}\n`;
  }
}

const path = join(folder, 'rows.ndjson');
await pipeline(lines(Number(count)), createWriteStream(path));
async function* rows() {
  yield { path, bytes: (await stat(path)).size, longest: 1_024, firstPage: 0, lastPage: Number(count) - 1 };
}
const before = process.cpuUsage();
const { read, delivered, files } = await aggregate({
  rows: rows(),
  columns,
  key: ['sku'],
  batch: 'memory',
  date: '2026-01-02',
  outDir: join(folder, 'out'),
  tempDir: folder,
  engine: engine as EngineName,
  memoryLimitMb: Number(memory),
});
const cpu = process.cpuUsage(before);
console.log(
  JSON.stringify({
    read,
    delivered,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
    cpuSeconds: Math.round((cpu.user + cpu.system) / 10_000) / 100,
  }),
);
