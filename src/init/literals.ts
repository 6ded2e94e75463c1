/** Text of a page as TypeScript that says that text and nothing else. */
import { plainText } from '../telemetry/plain-text.js';

/** What ends a literal or a line, is invisible, or turns the direction of what follows. */
const UNSAFE =
  /[\p{Cc}\u2028\u2029\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|[\u{e0000}-\u{e007f}]/gu;

/** A string in single quotes. */
export function quote(text: string): string {
  const inner = text.replace(/[\\']/g, '\\$&').replace(UNSAFE, escaped);
  return `'${inner}'`;
}

/** A RegExp by the source of one. */
export function pattern(source: string): string {
  const inner = source.replace(/\\[\s\S]|\//g, (one) => (one === '/' ? '\\/' : one)).replace(UNSAFE, escaped);
  return inner === '' ? '/(?:)/' : `/${inner}/`;
}

/** One line of comment. */
export function comment(text: string, most = 100): string {
  return `// ${plainText(text, most).replaceAll('*/', '* /')}`;
}

/** A name as the key of an object. */
export function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name);
}

function escaped(characters: string): string {
  return Array.from({ length: characters.length }, (_, at) => {
    const code = characters.charCodeAt(at);
    return `\\u${code.toString(16).padStart(4, '0')}`;
  }).join('');
}
