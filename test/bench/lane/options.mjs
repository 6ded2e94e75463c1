// @ts-check
import { readTyped } from '../typed.mjs';
import { USAGE } from './usage.mjs';

const USUAL = { pages: 20_000, rendered: 500, 'in-flight': 22, 'latency-ms': 50 };
const SHORT = { ...USUAL, pages: 1_500, rendered: 100 };

export function readOptions() {
  const { values, number } = readTyped(USAGE, {
    pages: { type: 'string' },
    rendered: { type: 'string' },
    'in-flight': { type: 'string' },
    'latency-ms': { type: 'string' },
    short: { type: 'boolean', default: false },
  });
  const usual = values.short ? SHORT : USUAL;
  const whole = (/** @type {keyof typeof USUAL} */ name, /** @type {number} */ least) =>
    number(name, { typed: values[name], usual: usual[name], least });
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
