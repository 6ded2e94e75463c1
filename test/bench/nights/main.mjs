// @ts-check
/** `npm run bench:nights`: an incremental night against a full one; exit code 1 when it does not show what it must. */
import { writeFile } from 'node:fs/promises';
import { writeSection } from '../benchmarks-page.mjs';
import { createReport } from '../throttle/report.mjs';
import { measureNights } from './nights.mjs';
import { readOptions } from './options.mjs';
import { tellNights } from './tell.mjs';

const { json, docs, ...options } = readOptions();
const report = createReport();
report.say(
  `The demo shop, ${options.latencyMs} ms an answer, every other option of the targets as it is by default. Requests are counted by the shop; seconds are from discovery to delivery; CPU is that of the farm's processes, browsers included, without its Redis and the shop. The second full night reads the same products by what the application asks for, in the data lane.`,
);
/** @type {import('./nights.mjs').Nights[]} */
const all = [];
for (const by of /** @type {const} */ (['lastmod', 'document'])) {
  const how = by === 'document' ? { ...options, pages: Math.ceil(options.pages / 4) } : options;
  const nights = await measureNights(by, how, report.progress);
  tellNights(report, nights, how);
  all.push(nights);
}
if (json !== undefined) await writeFile(json, JSON.stringify({ options, nights: all }, null, 2));
if (docs !== undefined)
  await writeSection({
    file: docs,
    id: 'nights',
    title: 'Incremental nights',
    markdown: report.markdown(),
  });
const failed = report.failed();
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;
