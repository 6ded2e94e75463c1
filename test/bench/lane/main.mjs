// @ts-check
/** `npm run bench:lane`: rendering, fetching, and the limit; exit code 1 when it does not show what it must. */
import { writeFile } from 'node:fs/promises';
import { writeSection } from '../benchmarks-page.mjs';
import { createReport } from '../throttle/report.mjs';
import { readOptions } from './options.mjs';
import { tellWays } from './tell.mjs';
import { measureWays } from './ways.mjs';

const { json, docs, ...options } = readOptions();
const report = createReport();
const ways = await measureWays(options, report.progress);
tellWays(report, ways, options);
if (json !== undefined) await writeFile(json, JSON.stringify({ options, ...ways }, null, 2));
if (docs !== undefined)
  await writeSection({ file: docs, id: 'lane', title: 'The data lane', markdown: report.markdown() });
const failed = report.failed();
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;
