// @ts-check
import { readTyped } from '../typed.mjs';
import { USAGE } from './usage.mjs';

const USUAL = { pages: 2_000, every: 50, 'latency-ms': 20 };
const SHORT = { ...USUAL, pages: 200 };

export function readOptions() {
  const { values, number } = readTyped(USAGE, {
    pages: { type: 'string' },
    every: { type: 'string' },
    'latency-ms': { type: 'string' },
    short: { type: 'boolean', default: false },
  });
  const usual = values.short ? SHORT : USUAL;
  const whole = (/** @type {keyof typeof USUAL} */ name, /** @type {number} */ least) =>
    number(name, { typed: values[name], usual: usual[name], least });
  return {
    pages: whole('pages', 40),
    every: whole('every', 1),
    latencyMs: whole('latency-ms', 0),
    isJudged: !values.short,
    json: values.json,
    docs: values.docs,
  };
}
