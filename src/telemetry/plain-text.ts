/**
 * What comes from a page, a target or the network is text to be read, never orders to a terminal.
 */

// CSI and the other ESC sequences, then OSC, DCS, PM, APC and SOS with all that they carry, by their 7- and 8-bit openers.
const STRINGS = /(?:\x1b[\]P^_X]|[\x9d\x90\x9e\x9f\x98])[\s\S]*?(?:\x1b\\|[\x07\x9c]|$)/g;
const SEQUENCES = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b[ -/]*[0-~]?/g;
const BREAKS = /[\t\n\v\f\r\x85\u2028\u2029]+/g;
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;
// Marks that turn the direction of what follows, and invisible tag characters.
const DECEPTIVE = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;
const UNESCAPED = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** JSON that says the same, with what a terminal would obey written as `\uXXXX`; JSON itself does so up to U+001F alone. */
export function plainJson(json: string): string {
  return json.replace(UNESCAPED, (found) => found.split('').map(escaped).join(''));
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * One line that is safe on any terminal and in any log: no escape sequence, no control character, no turning of the
 * writing direction, no broken surrogate. Line breaks and tabs become one space. Longer than `max` characters (default:
 * no limit) it is cut and ends with `…`.
 */
export function plainText(text: string, max = Number.POSITIVE_INFINITY): string {
  // What cannot be shown need not be searched: a megabyte of text for a line of 80 would cost for nothing.
  const start = Number.isFinite(max) ? text.slice(0, max * 8 + 4096) : text;
  const plain = start
    .replace(STRINGS, '')
    .replace(SEQUENCES, '')
    .replace(BREAKS, ' ')
    .replace(CONTROLS, '')
    .replace(DECEPTIVE, '')
    .toWellFormed();
  if (plain.length <= max && start.length === text.length) return plain;
  const characters = Array.from(plain);
  if (characters.length <= max && start.length === text.length) return plain;
  return `${characters.slice(0, Math.max(0, max - 1)).join('')}…`;
}
