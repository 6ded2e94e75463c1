// @ts-check
/** What was typed. Ends the process when that makes no sense. */
import { parseArgs } from 'node:util';
import { USAGE } from './usage.mjs';

const USUAL = {
  pages: 2_145_890,
  workers: 150,
  processes: 3,
  slots: 4,
  delay: 200,
  spread: 0.5,
  seed: 1,
  kill: 45,
};
const SHORT = { ...USUAL, pages: 30_000 };

export function readOptions() {
  const values = readValues();
  if (values.help) {
    console.log(USAGE);
    process.exit();
  }
  const usual = values.short ? SHORT : USUAL;
  const number = (/** @type {keyof typeof USUAL} */ name, /** @type {number} */ least) => {
    const typed = values[name] === undefined ? usual[name] : Number(values[name]);
    if (!(typed >= least) || (name !== 'spread' && !Number.isInteger(typed)))
      refuse(`--${name} wants a number from ${least} on, not "${values[name]}"`);
    return typed;
  };
  const read = {
    pages: number('pages', 1_000),
    workers: number('workers', 1),
    processes: number('processes', 1),
    slots: number('slots', 1),
    delayMs: number('delay', 0),
    spread: number('spread', 0),
    seed: number('seed', 0),
    killAt: number('kill', 0) / 100,
    apart: values.apart,
    json: values.json,
    docs: values.docs,
  };
  if (read.workers % read.processes !== 0)
    refuse(`${read.workers} workers cannot be spread evenly over ${read.processes} processes`);
  if (read.killAt >= 1) refuse('--kill wants less than 100');
  if (read.killAt > 0 && read.processes === 1)
    refuse('with one process nobody is left: --kill 0, or more processes');
  return read;
}

function readValues() {
  try {
    return parseArgs({
      options: {
        pages: { type: 'string' },
        workers: { type: 'string' },
        processes: { type: 'string' },
        slots: { type: 'string' },
        delay: { type: 'string' },
        spread: { type: 'string' },
        seed: { type: 'string' },
        kill: { type: 'string' },
        apart: { type: 'boolean', default: false },
        short: { type: 'boolean', default: false },
        json: { type: 'string' },
        docs: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} problem @returns {never} */
function refuse(problem) {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}
