// @ts-check
/** `npm run bench:queue`: the control plane alone; exit code 1 when it does not show what it must. */
import { writeFile } from 'node:fs/promises';
import { writeSection } from '../benchmarks-page.mjs';
import { createReport } from '../throttle/report.mjs';
import { readOptions } from './options.mjs';
import { measureRate } from './rate.mjs';
import { tellMemory, tellPaces, tellRates } from './tell.mjs';

/** As real pages come, of a fast and of a slow target: what the farm does by the clock and not by the page is in the figure then. */
const PACES = [
  { warmUp: 100, processes: 1, concurrency: 2, delayMs: 80 },
  { warmUp: 50, processes: 1, concurrency: 4, delayMs: 400 },
];

const { json, docs, rounds, processes, pages, concurrency, ...parts } = readOptions();
const report = createReport();
/** @type {import('./rate.mjs').Rate[]} */
const rates = [];
for (let round = 1; round <= rounds; round += 1) {
  for (const count of processes) {
    const rate = await measureRate({ pages, processes: count, concurrency, delayMs: 0 });
    rates.push(rate);
    report.progress(`  round ${round}, ${count} process(es): ${rate.pagesPerSecond.toFixed(0)} pages/s`);
  }
}
tellRates(report, rates, { concurrency });

/** @type {{ pace: import('./rate.mjs').Rate, warmUp: number, concurrency: number, delayMs: number }[]} */
const paces = [];
for (const how of parts.pace === 0 ? [] : PACES)
  paces.push({ ...how, pace: await measureRate({ ...how, pages: how.warmUp + parts.pace }) });
if (paces.length > 0) tellPaces(report, paces);

const memory =
  parts.memory === 0
    ? undefined
    : await measureRate({ pages: parts.memory, processes: Math.max(...processes), concurrency, delayMs: 0 });
if (memory !== undefined) tellMemory(report, memory);

if (json !== undefined) await writeFile(json, JSON.stringify({ rates, paces, memory }, null, 2));
if (docs !== undefined)
  await writeSection({ file: docs, id: 'queue', title: 'The queue', markdown: report.markdown() });
const failed = report.failed();
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;
