// @ts-check
/** What was typed. Ends the process when that makes no sense. */
import { parseArgs } from 'node:util';
import { USAGE } from './usage.mjs';

const USUAL = { pages: 20_000, rendered: 500, 'in-flight': 16, 'latency-ms': 50 };
const SHORT = { ...USUAL, pages: 1_500, rendered: 100 };

export function readOptions() {
  const values = readValues();
  if (values.help) {
    console.log(USAGE);
    process.exit();
  }
  const usual = values.short ? SHORT : USUAL;
  const whole = (/** @type {keyof typeof USUAL} */ name, /** @type {number} */ least) => {
    const number = values[name] === undefined ? usual[name] : Number(values[name]);
    if (!Number.isInteger(number) || number < least)
      refuse(`--${name} wants a whole number from ${least} on, not "${values[name]}"`);
    return number;
  };
  return {
    pages: whole('pages', 1),
    rendered: whole('rendered', 1),
    inFlight: whole('in-flight', 1),
    latencyMs: whole('latency-ms', 0),
    isJudged: !values.short,
    json: values.json,
    docs: values.docs,
  };
}

function readValues() {
  try {
    return parseArgs({
      options: {
        pages: { type: 'string' },
        rendered: { type: 'string' },
        'in-flight': { type: 'string' },
        'latency-ms': { type: 'string' },
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
