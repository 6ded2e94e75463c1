// @ts-check
/** `npm run test:faults`: seed after seed, a line each and a table at the end; exit code 1 when one is not identical. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startShop } from '../../shop/server.mjs';
import { missingForSwift, startSwift } from '../../support/swift.mjs';
import { destroyFarms } from './farm.mjs';
import { makeBucket } from './places.mjs';
import { scheduleOf, wordsOf } from './schedule.mjs';
import { maySmallDisk } from './small-disk.mjs';
import { storm, undisturbed } from './storm.mjs';
import { lineOf, tableOf } from './table.mjs';

const USAGE = `usage: npm run test:faults -- [options]

  --seeds N         storms, default 50
  --from N          the first seed, default 1
  --seed N          this one alone: its schedule is printed, and what a failed one needs to be seen again
  --pages N         of each batch, default 500
  --markdown FILE   the table, a row a seed`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '50' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    pages: { type: 'string', default: '500' },
    markdown: { type: 'string' },
  },
});
const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const pages = Number(values.pages);
if (![from, count, pages].every((n) => Number.isSafeInteger(n) && n > 0)) {
  console.error(USAGE);
  process.exit(2);
}
const seeds = Array.from({ length: count }, (_, at) => from + at);

const shop = await startShop({ products: pages });
const swift = await startSwiftOnce();
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.once(signal, () => void breakOff());
/** @type {import('./storm.mjs').Verdict[]} */
const verdicts = [];
try {
  if (!maySmallDisk()) console.log('no tmpfs may be mounted here: the faults of kind disk find no victim');
  const truth = await undisturbed(shop);
  console.log(`undisturbed: ${truth.rows.length} rows of ${pages} pages`);
  if (values.seed !== undefined) console.log(wordsOf(scheduleOf(from)));
  for (const seed of seeds) {
    let talk = '';
    const verdict = await storm(shop, {
      seed,
      truth,
      swift,
      onTalk: (said) => {
        talk = said;
      },
    });
    verdicts.push(verdict);
    console.log(lineOf(verdict));
    if (verdict.problems.length > 0) await tellProblems(verdict, talk);
  }
} finally {
  await swift?.stop();
  await shop.stop();
}

const table = tableOf(verdicts);
const bad = verdicts.filter(({ problems }) => problems.length > 0).length;
console.log(`\n${table}\n\n${verdicts.length - bad} of ${verdicts.length} identical`);
if (values.markdown !== undefined) await writeFile(values.markdown, `${table}\n`);
process.exitCode = bad === 0 ? 0 : 1;

async function startSwiftOnce() {
  if (!seeds.some((seed) => scheduleOf(seed).destination === 's3')) return undefined;
  const missing = missingForSwift();
  if (missing !== undefined) {
    console.log(`${missing}; batches for S3 are delivered to a folder`);
    return undefined;
  }
  const started = await startSwift(await mkdtemp(path.join(os.tmpdir(), 'thresh-storm-')));
  await makeBucket(started);
  return started;
}

/** Ctrl-C: nothing is left running or mounted. */
async function breakOff() {
  await destroyFarms();
  await swift?.stop();
  process.exit(130);
}

/**
 * @param {import('./storm.mjs').Verdict} verdict
 * @param {string} talk
 */
async function tellProblems({ seed, problems }, talk) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'thresh-faults-'));
  const file = path.join(dir, `seed-${seed}.log`);
  await (talk === '' ? rm(dir, { recursive: true }) : writeFile(file, talk));
  console.log(problems.map((problem) => `  ${problem}`).join('\n'));
  if (talk !== '') console.log(`  what the processes said: ${file}`);
  console.log(`  alone: npm run test:faults -- --seed ${seed} --pages ${pages}`);
}
