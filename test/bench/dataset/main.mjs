// @ts-check
/** `npm run bench:dataset`: segments to Parquet beside plain DuckDB; exit code 1 when it does not show what it must. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { writeSection } from '../benchmarks-page.mjs';
import { createReport } from '../throttle/report.mjs';
import { median } from '../throttle/sweep.mjs';
import { readTyped } from '../typed.mjs';
import { partitionsCase, plainCase, runCase, threshCase } from './cases.mjs';
import { distinctOf } from './catalogue.mjs';
import { USAGE } from './usage.mjs';
import { writeSegments } from './write-segments.mjs';

const PEAK_MB = 512;
const TIMES_PLAIN = 1.5;
const CASES = ['thresh', 'window', 'join'];
/** Not without being asked for. */
const MORE_CASES = ['partitions'];

const options = readOptions();
const { rows, rowsPerPage, rounds } = options;
const report = createReport();
const cases = [
  threshCase('duckdb', 'Thresh'),
  plainCase('window'),
  plainCase('join'),
  threshCase('parquetjs', 'Thresh, THRESH_PARQUET=parquetjs'),
  partitionsCase(options.partitionMb),
].filter(({ id }) => options.only.includes(id));
const runs = await runAll();
tell();
if (options.json !== undefined)
  await writeFile(
    options.json,
    JSON.stringify({ rows, rowsPerPage, runs: Object.fromEntries(runs) }, null, 2),
  );
if (options.docs !== undefined) {
  const id = rows === 1_000_000 ? 'dataset' : `dataset-${rows}`;
  const title = `The dataset, ${rows.toLocaleString('en')} rows`;
  await writeSection({ file: options.docs, id, title, markdown: report.markdown() });
}
const failed = report.failed();
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;

async function runAll() {
  const temp = await mkdtemp(path.join(options.temp, 'thresh-bench-'));
  /** @type {Map<string, import('./cases.mjs').Run[]>} */
  const all = new Map(cases.map(({ id }) => [id, []]));
  try {
    const segments = path.join(temp, 'segments');
    report.progress(`writing ${rows.toLocaleString('en')} rows …`);
    await writeSegments(segments, { rows, rowsPerPage });
    for (let round = 0; round < rounds; round += 1)
      for (const one of cases) {
        const run = await runCase(one, { segments, temp });
        report.progress(
          `  ${one.title}: ${run.seconds.toFixed(1)} s, ${run.cpuSeconds.toFixed(1)} s CPU, ${run.treeMb.toFixed(0)} MB`,
        );
        all.get(one.id)?.push(run);
      }
    return all;
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}

function tell() {
  report.say(
    `${rows.toLocaleString('en')} rows, ${rowsPerPage} a page, one in twenty a duplicate; ${rounds} round(s), medians; in brackets the extremes.`,
  );
  const of = (/** @type {string} */ id, /** @type {'seconds' | 'cpuSeconds' | 'peakMb' | 'treeMb'} */ what) =>
    (runs.get(id) ?? []).map((run) => run[what]);
  const shown = (/** @type {readonly number[]} */ found, /** @type {number} */ digits) =>
    `${median(found).toFixed(digits)} (${Math.min(...found).toFixed(digits)} to ${Math.max(...found).toFixed(digits)})`;
  report.table(
    ['writer', 'seconds', 'CPU s', 'peak MB', 'with what it starts, MB', 'Parquet MB', 'rows'],
    cases.map(({ id, title }) => [
      title,
      shown(of(id, 'seconds'), 2),
      shown(of(id, 'cpuSeconds'), 1),
      shown(of(id, 'peakMb'), 0),
      shown(of(id, 'treeMb'), 0),
      runs.get(id)?.[0]?.digest.megabytes.toFixed(1) ?? '',
      runs.get(id)?.[0]?.digest.rows ?? '',
    ]),
  );
  const digests = [...runs.values()].flat().map(({ digest }) => digest);
  const same = new Set(digests.map(({ sums, hash }) => `${sums} ${hash}`)).size === 1;
  const whole = digests.every((one) => one.rows === distinctOf(rows) && one.keys === distinctOf(rows));
  report.check(
    `each has the ${distinctOf(rows).toLocaleString('en')} rows that count, and all have the same`,
    same && whole,
    `${digests.length} results compared`,
  );
  for (const [id, name] of [
    ['thresh', 'in one piece'],
    ['partitions', 'in partitions'],
  ]) {
    const peak = Math.max(...of(id ?? '', 'treeMb'));
    if (runs.has(id ?? ''))
      report.check(`${name}: under ${PEAK_MB} MB at the peak`, peak < PEAK_MB, `${peak.toFixed(0)} MB`);
  }
  if (!runs.has('thresh')) return;
  const ours = median(of('thresh', 'seconds'));
  for (const [id, name] of [
    ['window', "plain DuckDB's time"],
    ['join', 'that of the tuned one'],
  ]) {
    const theirs = median(of(id ?? '', 'seconds'));
    if (!Number.isFinite(theirs)) continue;
    const ratio = ours / theirs;
    report.check(`within ${TIMES_PLAIN} times ${name}`, ratio <= TIMES_PLAIN, `${ratio.toFixed(2)} times`);
  }
}

function readOptions() {
  const { values, refuse, number } = readTyped(USAGE, {
    rows: { type: 'string' },
    'rows-per-page': { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    'partition-mb': { type: 'string' },
    parquetjs: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    temp: { type: 'string' },
  });
  const whole = (
    /** @type {'rows' | 'rows-per-page' | 'rounds' | 'partition-mb'} */ name,
    /** @type {number} */ usual,
  ) => number(name, { typed: values[name], usual, least: 1 });
  const only = (values.only ?? CASES.join()).split(',');
  const wrong = only.find((id) => ![...CASES, ...MORE_CASES].includes(id));
  if (wrong !== undefined) refuse(`"${wrong}" is none of ${[...CASES, ...MORE_CASES].join(', ')}`);
  return {
    rows: whole('rows', values.short ? 100_000 : 1_000_000),
    rowsPerPage: whole('rows-per-page', 1),
    rounds: whole('rounds', values.short ? 1 : 3),
    partitionMb: whole('partition-mb', 1_024),
    only: values.parquetjs ? [...only, 'parquetjs'] : only,
    temp: values.temp ?? os.tmpdir(),
    json: values.json,
    docs: values.docs,
  };
}
