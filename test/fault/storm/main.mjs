// @ts-check
/** `npm run test:faults`: seed after seed, a line each and a table at the end; exit code 1 when one is not identical. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startShop } from '../../shop/server.mjs';
import { KINDS, scheduleOf, wordsOf } from './schedule.mjs';
import { storm, undisturbed } from './storm.mjs';

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
  console.error(
    'usage: npm run test:faults -- [--seeds 50] [--from N] [--seed N] [--pages 500] [--markdown FILE]',
  );
  process.exit(2);
}

const shop = await startShop({ products: pages });
/** @type {import('./storm.mjs').Verdict[]} */
const verdicts = [];
try {
  const truth = await undisturbed(shop);
  console.log(`undisturbed: ${truth.length} rows of ${pages} pages`);
  if (values.seed !== undefined) console.log(wordsOf(scheduleOf(from)));
  for (let seed = from; seed < from + count; seed++) {
    /** @type {string | undefined} */
    let talk;
    const verdict = await storm(shop, {
      seed,
      truth,
      onTalk: (said) => {
        talk = said;
      },
    });
    verdicts.push(verdict);
    const kills = KINDS.flatMap((kind) => (verdict.faults[kind] ? [`${kind} ${verdict.faults[kind]}`] : []));
    const good = verdict.problems.length === 0;
    console.log(
      `seed ${seed}: ${kills.join(', ') || 'no fault'}; rendered again ${verdict.again} of at most ${verdict.mayBeAgain}; ` +
        `${verdict.seconds} s; identical ${good ? 'yes' : 'no'}`,
    );
    if (!good) {
      console.log(verdict.problems.map((problem) => `  ${problem}`).join('\n'));
      const file = path.join(await mkdtemp(path.join(os.tmpdir(), 'thresh-faults-')), `seed-${seed}.log`);
      await writeFile(file, talk ?? '');
      console.log(
        `  what the processes said: ${file}\n  alone: npm run test:faults -- --seed ${seed} --pages ${pages}`,
      );
    }
  }
} finally {
  await shop.stop();
}

const table = [
  `| seed | ${KINDS.join(' | ')} | rendered again | excused | seconds | identical |`,
  `|${' ---: |'.repeat(KINDS.length + 4)} --- |`,
  ...verdicts.map(
    ({ seed, faults, again, mayBeAgain, seconds, problems }) =>
      `| ${seed} | ${KINDS.map((kind) => faults[kind] ?? 0).join(' | ')} | ${again} | ${mayBeAgain} | ${seconds} | ${problems.length === 0 ? 'yes' : 'no'} |`,
  ),
].join('\n');
const bad = verdicts.filter(({ problems }) => problems.length > 0).length;
console.log(`\n${table}\n\n${verdicts.length - bad} of ${verdicts.length} identical`);
if (values.markdown !== undefined) await writeFile(values.markdown, `${table}\n`);
process.exitCode = bad === 0 ? 0 : 1;
