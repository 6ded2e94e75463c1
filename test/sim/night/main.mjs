// @ts-check
/** `npm run sim:night`: weeks in which clocks change, on a simulated clock; exit code 1 when one is not as it has to be. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { checksOf } from './checks.mjs';
import { readOptions } from './options.mjs';
import { targetsOf } from './targets.mjs';
import { countsOf, tableOf, verdictsOf } from './tell.mjs';

const { weeks, targets: count, brief, json } = readOptions();
let failed = 0;
const all = [];

/** Each has a clock of its own. @param {{ from: string, days: number }} given @returns {Promise<import('./simulate.mjs').Week>} */
async function live(given) {
  const thread = new Worker(new URL('./week-thread.mjs', import.meta.url), {
    workerData: { ...given, targets: targetsOf(count) },
  });
  const [week] = await once(thread, 'message');
  return week;
}

const simulated = await Promise.all(weeks.map(live));
for (const [at, { from, days }] of weeks.entries()) {
  const week = /** @type {import('./simulate.mjs').Week} */ (simulated[at]);
  const checks = checksOf(week);
  failed += checks.filter(({ failures }) => failures.length > 0).length;
  all.push({ ...week, checks });
  const off = [week.off.fromMs, week.off.toMs].map((ms) => new Date(ms).toISOString().slice(0, 16));
  console.log(
    `\n${days} days from ${from}, ${week.targets.length} targets; no worker from ${off.join(' to ')}\n`,
  );
  console.log(`${tableOf(week, { brief })}\n`);
  console.log(`${countsOf(week)}; ${week.moments} moments in ${(week.tookMs / 1_000).toFixed(1)} s\n`);
  console.log(verdictsOf(checks));
}
if (json !== undefined) await writeFile(json, JSON.stringify(all, null, 2));
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;
