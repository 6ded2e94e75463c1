// @ts-check
import { readTyped } from '../typed.mjs';
import { USAGE } from './usage.mjs';

const USUAL = { pages: 30_000, rounds: 3, concurrency: 64, pace: 300, memory: 1_000_000 };
const SHORT = { pages: 4_000, rounds: 1, concurrency: 64, pace: 0, memory: 0 };

export function readOptions() {
  const { values, refuse, number } = readTyped(USAGE, {
    pages: { type: 'string' },
    processes: { type: 'string', default: '1,2' },
    concurrency: { type: 'string' },
    rounds: { type: 'string' },
    pace: { type: 'string' },
    memory: { type: 'string' },
    short: { type: 'boolean', default: false },
  });
  const usual = values.short ? SHORT : USUAL;
  const whole = (/** @type {keyof typeof USUAL} */ name, /** @type {number} */ least) =>
    number(name, { typed: values[name], usual: usual[name], least });
  const processes = values.processes.split(',').map(Number);
  if (!processes.every((count) => Number.isInteger(count) && count > 0))
    refuse(`--processes wants numbers of processes, not "${values.processes}"`);
  return {
    processes,
    pages: whole('pages', 1),
    rounds: whole('rounds', 1),
    concurrency: whole('concurrency', 1),
    pace: whole('pace', 0),
    memory: whole('memory', 0),
    json: values.json,
    docs: values.docs,
  };
}
