// @ts-check
import { readTyped } from '../typed.mjs';
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
  const { values, refuse, number } = readTyped(USAGE, {
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
  });
  const usual = values.short ? SHORT : USUAL;
  const numberOf = (/** @type {keyof typeof USUAL} */ name, /** @type {number} */ least) =>
    number(name, { typed: values[name], usual: usual[name], least, isWhole: name !== 'spread' });
  const read = {
    pages: numberOf('pages', 1_000),
    workers: numberOf('workers', 1),
    processes: numberOf('processes', 1),
    slots: numberOf('slots', 1),
    delayMs: numberOf('delay', 0),
    spread: numberOf('spread', 0),
    seed: numberOf('seed', 0),
    killAt: numberOf('kill', 0) / 100,
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
