import { Script } from 'node:vm';

/**
 * The source of a function as an expression that the page can evaluate; a method (`read(el) { … }`) becomes a function.
 * @throws TypeError for what has no source: a bound or built-in function.
 */
// biome-ignore lint/complexity/noBannedTypes: any function at all has a source.
export function pageFunction(given: Function): string {
  const text = String(given);
  const candidates = [text, `function ${text}`, text.replace(/^\s*async\b/, 'async function ')];
  for (const candidate of candidates) if (parses(`(${candidate})`)) return `(${candidate})`;
  throw new TypeError(
    'a function for the page must be written out: bound and built-in functions have no source',
  );
}

function parses(expression: string): boolean {
  try {
    new Script(expression);
    return true;
  } catch {
    return false;
  }
}
