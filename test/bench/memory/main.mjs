// @ts-check
/** `npm run bench:memory`: whether memory stays flat; exit code 1 when it does not. */
import { writeFile } from 'node:fs/promises';
import { writeSection } from '../benchmarks-page.mjs';
import { writeStubTarget } from '../queue/stub-target.mjs';
import { writeFarmTarget } from '../render/contenders/farm-target.mjs';
import { courseOf } from '../render/course.mjs';
import { startShopProcess } from '../render/shop-process.mjs';
import { createReport } from '../throttle/report.mjs';
import { readTyped } from '../typed.mjs';
import { tellReal, tellStubbed } from './tell.mjs';
import { USAGE } from './usage.mjs';
import { watchBatch } from './watch.mjs';

const REAL_AT_ONCE = 4;
const STUBBED_AT_ONCE = 64;
/** Looks in a batch. */
const LOOKS = 100;

const options = readOptions();
const report = createReport();
const real = options.real === 0 ? undefined : await watchReal(options.real, options.budget);
if (real !== undefined) tellReal(report, real, { concurrency: REAL_AT_ONCE, budgetMb: options.budget });
const stubbed = options.stubbed === 0 ? undefined : await watchStubbed(options.stubbed);
if (stubbed !== undefined) tellStubbed(report, stubbed, { concurrency: STUBBED_AT_ONCE });

if (options.json !== undefined) await writeFile(options.json, JSON.stringify({ real, stubbed }, null, 2));
if (options.docs !== undefined)
  await writeSection({ file: options.docs, id: 'memory', title: 'Memory', markdown: report.markdown() });
const failed = report.failed();
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;

/** @param {number} pages @param {number} budgetMb */
async function watchReal(pages, budgetMb) {
  const shop = await startShopProcess();
  try {
    return await watchBatch({
      ...{ pages, budgetMb, concurrency: REAL_AT_ONCE, every: Math.ceil(pages / LOOKS) },
      writeTarget: (home) =>
        writeFarmTarget(
          {
            ...{ url: shop.url, others: shop.others, kind: 'detail', lane: 'load' },
            pages: courseOf('detail', pages),
            temp: home,
          },
          { learnsBlock: true },
        ),
      progress: report.progress,
    });
  } finally {
    await shop.stop();
  }
}

/** @param {number} pages */
function watchStubbed(pages) {
  return watchBatch({
    ...{ pages, concurrency: STUBBED_AT_ONCE, delayMs: 0, every: Math.ceil(pages / LOOKS) },
    writeTarget: (home) => writeStubTarget(home, { pages, maxConcurrency: STUBBED_AT_ONCE }),
    progress: report.progress,
  });
}

function readOptions() {
  const { values, number } = readTyped(USAGE, {
    real: { type: 'string' },
    stubbed: { type: 'string' },
    budget: { type: 'string' },
  });
  const { json, docs } = values;
  const whole = (/** @type {'real' | 'stubbed' | 'budget'} */ name, /** @type {number} */ usual) =>
    number(name, { typed: values[name], usual, least: 0 });
  return {
    ...{ json, docs },
    real: whole('real', 20_000),
    stubbed: whole('stubbed', 1_000_000),
    budget: whole('budget', 1_024),
  };
}
