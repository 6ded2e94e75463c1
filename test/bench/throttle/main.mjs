// @ts-check
/** `npm run bench:throttle`: part after part; exit code 1 when one does not show what it must. */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createForms } from './forms.mjs';
import { downPart } from './parts/down.mjs';
import { kneePart } from './parts/knee.mjs';
import { spiralPart } from './parts/spiral.mjs';
import { workersPart } from './parts/workers.mjs';
import { drawSvg, installPeers } from './peers.mjs';
import { plotOf } from './plot.mjs';
import { createReport } from './report.mjs';
import { USAGE } from './usage.mjs';

/**
 * What every part is given.
 * @typedef {object} Bench
 * @property {import('./report.mjs').Report} report
 * @property {number | undefined} pages as asked for
 * @property {readonly string[]} knees what the knee does, as asked for
 * @property {number} rounds
 * @property {number} capS
 * @property {boolean} short
 * @property {boolean} peers
 * @property {(name: string, runs: readonly import('./plot.mjs').Drawn[], title: string) => Promise<void>} draw
 */

const PARTS = ['knee', 'spiral', 'workers', 'down'];
const FORMS = ['control', 'browser'];
const KNEES = ['stays', 'to12', 'to2'];
const options = readOptions();
const report = createReport();
/** @type {Bench} */
const bench = { ...options, report, draw };
const forms = createForms(options);
const { only, asked } = options;

if (options.peers) installPeers();
report.say(`Node ${process.versions.node}, ${os.availableParallelism()} cores, ${options.rounds} rounds.`);
if (only.includes('knee')) for (const id of asked) await kneePart(bench, forms[id]);
if (asked.includes('control')) {
  if (only.includes('spiral')) await spiralPart(bench, forms.control);
  if (only.includes('workers')) await workersPart(bench, forms.control);
}
if (only.includes('down') && asked.includes('browser')) await downPart(bench, forms.browser);
if (options.markdown !== undefined) await writeFile(options.markdown, report.markdown());
const failed = report.failed();
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;

/** @type {Bench['draw']} */
async function draw(name, runs, title) {
  if (options.images === undefined || !options.peers) return;
  await mkdir(options.images, { recursive: true });
  const svg = await drawSvg(plotOf(runs, title));
  const named = svg.replace(/^<svg [^>]*>/, (tag) => `${tag}<title>${title}</title>`);
  await writeFile(path.join(options.images, `${name}.svg`), named);
}

function readOptions() {
  const values = readValues();
  if (values.help) {
    console.log(USAGE);
    process.exit();
  }
  const { short, peers, markdown, images } = values;
  return {
    only: listed(values.only, PARTS),
    knees: listed(values.knee, KNEES),
    asked: /** @type {import('./forms.mjs').Form['id'][]} */ (listed(values.form, FORMS)),
    short,
    peers,
    markdown,
    images,
    pages: values.pages === undefined ? undefined : Math.ceil(positive('--pages', values.pages)),
    scale: values.scale === undefined ? undefined : positive('--scale', values.scale),
    rounds: Math.ceil(positive('--rounds', values.rounds ?? (short ? '1' : '3'))),
    capS: positive('--cap', values.cap),
  };
}

function readValues() {
  try {
    return parseArgs({
      allowNegative: true,
      options: {
        only: { type: 'string', default: PARTS.join() },
        form: { type: 'string', default: FORMS.join() },
        knee: { type: 'string', default: KNEES.join() },
        short: { type: 'boolean', default: false },
        peers: { type: 'boolean', default: true },
        pages: { type: 'string' },
        scale: { type: 'string' },
        rounds: { type: 'string' },
        cap: { type: 'string', default: '300' },
        markdown: { type: 'string' },
        images: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} typed @param {readonly string[]} known */
function listed(typed, known) {
  const names = typed.split(',');
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) refuse(`"${wrong}" is none of ${known.join(', ')}`);
  return names;
}

/** @param {string} flag @param {string} typed */
function positive(flag, typed) {
  const number = Number(typed);
  if (!(number > 0)) refuse(`${flag} wants a number above 0, not "${typed}"`);
  return number;
}

/** @param {string} problem @returns {never} */
function refuse(problem) {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}
