// @ts-check
/**
 * What real catalogues do to their readers, dealt out at fixed fractions: of every 400 product pages in a row, each
 * kind of awkwardness has exactly as many as the table says, scattered by the seed.
 */
import { hashOf } from './dice.mjs';
import { sentences } from './words.mjs';

/** @typedef {'missing-price' | 'negative-price' | 'text-price' | 'part-stock'} Refusal why a schema must refuse the row */
/** @typedef {Refusal | 'quotes' | 'emoji' | 'right-to-left' | 'markup' | 'formula' | 'ansi' | 'long-text' | 'rich-specs' | 'no-tags' | 'no-rating' | 'no-date'} Awkwardness */

/** Pages of each kind in every 400. The first four (2.5 % in all) make the row invalid. */
export const shares = /** @type {const} */ ([
  ['missing-price', 4],
  ['negative-price', 2],
  ['text-price', 2],
  ['part-stock', 2],
  ['quotes', 6],
  ['emoji', 6],
  ['right-to-left', 6],
  ['markup', 6],
  ['formula', 4],
  ['ansi', 4],
  ['long-text', 1],
  ['rich-specs', 6],
  ['no-tags', 8],
  ['no-rating', 12],
  ['no-date', 12],
]);

const blockSize = 400;
/** Coprime to the block's size, so that it permutes the slots of a block. */
const stride = 149;

/** @type {(Awkwardness | undefined)[]} */
const slots = shares.flatMap(([kind, share]) => Array(share).fill(kind));

/**
 * @param {number} seed
 * @param {number} number of the product page
 * @returns {Awkwardness | undefined}
 */
export function awkwardnessAt(seed, number) {
  const offset = hashOf(seed, Math.floor(number / blockSize)) % blockSize;
  return slots[((number % blockSize) * stride + offset) % blockSize];
}

/** Titles that break careless readers; `plain` is the title that they spoil. */
export const spoiledTitles = /** @type {const} */ ({
  quotes: (/** @type {string} */ plain) => `"${plain}" – 12" 'artisan' \\ edition; 3/4, "special"`,
  emoji: (/** @type {string} */ plain) => `🫖✨ ${plain} 👩🏽‍🍳🏴󠁧󠁢󠁳󠁣󠁴󠁿`,
  'right-to-left': (/** @type {string} */ plain) => `إبريق شاي مصنوع يدويًا – קנקן תה \u202e(${plain})\u202c`,
  markup: (/** @type {string} */ plain) =>
    `<script>alert("${plain}")</script><b onmouseover=alert(1)>${plain}</b> &amp; {{7*7}} \${7*7}`,
  formula: (/** @type {string} */ plain) => `=1+1+HYPERLINK("http://evil.invalid","${plain}")`,
  ansi: (/** @type {string} */ plain) =>
    `\u001b[31m${plain}\u001b[0m\u001b[2J\u001b]0;owned\u0007 \u0008\u009b31m`,
});

/** Bytes of the very long descriptions, at least. */
export const longTextBytes = 100_000;

/**
 * A description of about 100 KB with line breaks.
 * @param {string} title
 */
export function longText(title) {
  const paragraph = `${title}. ${sentences.join(' ')}\n`;
  return paragraph.repeat(Math.ceil(longTextBytes / paragraph.length)).trimEnd();
}

/** Forty specifications whose names are as odd as their values. */
export function richExtras() {
  /** @type {Record<string, string>} */
  const extras = {
    'Size (W × H), "nominal"': '12" × 3/4"',
    'a.dotted.name': 'not a path',
    toString: 'a name that objects have already',
    'Größe & Gewicht': 'groß, schwer',
    '📏': 'ruler 📐',
    '{"json":': '[1, 2, {"deep": true}]}',
    "it's": "'quoted'",
    '': 'nameless',
  };
  for (let number = Object.keys(extras).length; number < 40; number++)
    extras[`Measure ${number}`] = `${number}.0 mm`;
  return extras;
}
