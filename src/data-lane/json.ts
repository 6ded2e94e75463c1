/** JSON that somebody else wrote, parsed. */

/** Before what some back ends put so that no other site can run their answers as a script. */
const GUARD = /^\uFEFF?\s*(?:\)\]\}'?,?\s*\n|while\s*\(1\);|for\s*\(;;\);)/;
const PROTO =
  /"(?:_|\\u005f){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006f)(?:t|\\u0074)(?:o|\\u006f)(?:_|\\u005f){2}"\s*:/i;

/** Longer texts are looked through first: to parse what is nested without end takes a thousand times as long as other JSON. */
const LOOKED_THROUGH = 256 * 1024;
const DEEPEST = 10_000;
const QUOTE = 34;
const BACKSLASH = 92;
const BRACKET = 91;
const BRACE = 123;

/**
 * The value, without properties named `__proto__`, which make something else of an object that is copied from this one.
 * Throws SyntaxError for what is no
 * JSON, or nested beyond all measure.
 */
export function parseJson(text: string): unknown {
  const bare = text.replace(GUARD, '').replace(/^\uFEFF/, '');
  if (bare.length > LOOKED_THROUGH && isTooDeep(bare)) throw new SyntaxError('nested too deep');
  const value: unknown = JSON.parse(bare);
  if (PROTO.test(bare)) dropProto(value);
  return value;
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === BRACKET || code === BRACE) depth += 1;
    else if (code === BRACKET + 2 || code === BRACE + 2) depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at;
  }
  return text.length;
}

function dropProto(value: unknown): void {
  const open = [value];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (typeof one !== 'object' || one === null) continue;
    if (Object.hasOwn(one, '__proto__')) Reflect.deleteProperty(one, '__proto__');
    for (const inner of Object.values(one)) if (typeof inner === 'object' && inner !== null) open.push(inner);
  }
}
