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
let failed = 0;
const real =
  options.real === 0
    ? undefined
    : await show({
        ...{ id: 'memory', title: 'Memory, real pages' },
        watch: (progress) => watchReal(options.real, { budgetMb: options.budget, progress }),
        tell: (report, seen) =>
          tellReal(report, seen, { concurrency: REAL_AT_ONCE, budgetMb: options.budget }),
      });
const stubbed =
  options.stubbed === 0
    ? undefined
    : await show({
        ...{ id: 'memory-stubbed', title: 'Memory, pages that answer by themselves' },
        watch: (progress) => watchStubbed(options.stubbed, progress),
        tell: (report, seen) => tellStubbed(report, seen, { concurrency: STUBBED_AT_ONCE }),
      });

if (options.json !== undefined) await writeFile(options.json, JSON.stringify({ real, stubbed }, null, 2));
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;

/** @typedef {import('./watch.mjs').Watched} Watched */
/** @typedef {import('../throttle/report.mjs').Report} Report */

/**
 * One of the two, with a section of its own.
 * @param {{ id: string, title: string, watch: (progress: Report['progress']) => Promise<Watched>, tell: (report: Report, seen: Watched) => void }} part
 */
async function show({ id, title, watch, tell }) {
  const report = createReport();
  const seen = await watch(report.progress);
  tell(report, seen);
  failed += report.failed();
  if (options.docs !== undefined)
    await writeSection({ file: options.docs, id, title, markdown: report.markdown() });
  return seen;
}

/** @param {number} pages @param {{ budgetMb: number, progress: Report['progress'] }} how */
async function watchReal(pages, { budgetMb, progress }) {
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
      progress,
    });
  } finally {
    await shop.stop();
  }
}

/** @param {number} pages @param {Report['progress']} progress */
function watchStubbed(pages, progress) {
  return watchBatch({
    ...{ pages, concurrency: STUBBED_AT_ONCE, delayMs: 0, every: Math.ceil(pages / LOOKS) },
    writeTarget: (home) => writeStubTarget(home, { pages, maxConcurrency: STUBBED_AT_ONCE }),
    progress,
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
