// @ts-check
/** What was typed for a benchmark. Ends the process, with how it is used, when that makes no sense. */
import { parseArgs } from 'node:util';

/** @typedef {Record<string, { type: 'string' | 'boolean', default?: string | boolean }>} TypedOptions */
/** @typedef {{ json: { type: 'string' }, docs: { type: 'string' }, help: { type: 'boolean' } }} EveryOption */
/**
 * @template {TypedOptions} Options
 * @typedef {ReturnType<typeof parseArgs<{ options: Options & EveryOption }>>['values']} TypedValues
 */
/** @typedef {{ typed: string | undefined, usual: number, least: number, isWhole?: boolean }} TypedNumber */

/** @type {EveryOption} */
const EVERY = { json: { type: 'string' }, docs: { type: 'string' }, help: { type: 'boolean' } };

/**
 * The options that were typed; every benchmark has `--json`, `--docs` and `--help` as well.
 *
 * @template {TypedOptions} Options
 * @param {string} usage
 * @param {Options} options
 * @returns {{
 *   values: TypedValues<Options>,
 *   refuse: (problem: string) => never,
 *   number: (name: string, of: TypedNumber) => number,
 * }} `number` gives the usual one where nothing was typed
 */
export function readTyped(usage, options) {
  const values = valuesOf();
  if ('help' in values) {
    console.log(usage);
    process.exit();
  }
  return { values, refuse, number };

  function valuesOf() {
    try {
      return parseArgs({ options: { ...options, ...EVERY } }).values;
    } catch (error) {
      return refuse(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} problem @returns {never} */
  function refuse(problem) {
    console.error(`${problem}\n\n${usage}`);
    process.exit(2);
  }

  /** @param {string} name @param {TypedNumber} of */
  function number(name, { typed, usual, least, isWhole = true }) {
    const read = typed === undefined ? usual : Number(typed);
    if (!(read >= least) || (isWhole && !Number.isInteger(read)))
      refuse(`--${name} wants a ${isWhole ? 'whole ' : ''}number from ${least} on, not "${typed}"`);
    return read;
  }
}
