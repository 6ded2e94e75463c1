// @ts-check
/** What was typed. Ends the process when that makes no sense. */
import { parseArgs } from 'node:util';
import { CONTENDERS } from './contenders/contenders.mjs';
import { USAGE } from './usage.mjs';

const QUICK = ['farm', 'pool', 'playwright', 'cdp', 'crawlee', 'cluster-page'];
const ALL = CONTENDERS.map(({ id }) => id);

export function readOptions() {
  const values = readValues();
  if (values.help) {
    console.log(USAGE);
    process.exit();
  }
  const { quick, peers, json, append, plot, write, sweep, settings } = values;
  if (append && json === undefined) refuse('--append wants --json FILE as well');
  if (sweep && (write || plot !== undefined)) refuse('--sweep has no plot and no section of its own');
  return {
    ...{ quick, peers, json, append, plot, write, sweep },
    kinds: /** @type {import('./course.mjs').Kind[]} */ (
      listed(values.kinds ?? (quick || sweep ? 'detail' : 'detail,list'), ['detail', 'list'])
    ),
    lanes: /** @type {import('./course.mjs').Lane[]} */ (
      listed(values.lanes ?? (sweep ? 'load' : 'load,soft'), ['load', 'soft'])
    ),
    contenders: listed(values.contenders ?? (quick ? QUICK : ALL).join(), ALL),
    pages: whole('--pages', values.pages ?? (quick ? '45' : '240')),
    rounds: append && values.rounds === '0' ? 0 : whole('--rounds', values.rounds ?? (quick ? '2' : '3')),
    concurrency:
      values.concurrency === undefined
        ? quick
          ? { load: 4, soft: 8 }
          : undefined
        : both(values.concurrency),
    settings: settings?.split(','),
  };
}

/** @typedef {ReturnType<typeof readOptions>} Options */

function readValues() {
  try {
    return parseArgs({
      allowNegative: true,
      options: {
        quick: { type: 'boolean', default: false },
        kinds: { type: 'string' },
        lanes: { type: 'string' },
        contenders: { type: 'string' },
        pages: { type: 'string' },
        rounds: { type: 'string' },
        concurrency: { type: 'string' },
        peers: { type: 'boolean', default: true },
        json: { type: 'string' },
        append: { type: 'boolean', default: false },
        plot: { type: 'string' },
        write: { type: 'boolean', default: false },
        sweep: { type: 'boolean', default: false },
        settings: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} typed */
function both(typed) {
  const [load, soft, ...rest] = typed.split(',');
  if (load === undefined || soft === undefined || rest.length > 0)
    refuse(`--concurrency wants two numbers, as in 4,8, not "${typed}"`);
  return { load: whole('--concurrency', load ?? ''), soft: whole('--concurrency', soft ?? '') };
}

/** @param {string} typed @param {readonly string[]} known */
function listed(typed, known) {
  const names = typed.split(',');
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) refuse(`"${wrong}" is none of ${known.join(', ')}`);
  return names;
}

/** @param {string} flag @param {string} typed */
function whole(flag, typed) {
  const number = Number(typed);
  if (!(Number.isInteger(number) && number > 0))
    refuse(`${flag} wants a whole number above 0, not "${typed}"`);
  return number;
}

/** @param {string} problem @returns {never} */
export function refuse(problem) {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}
