// @ts-check
/** Seeded randomness: the same seed and numbers give the same draws on every machine. */

/**
 * A hash of two integers, spread over 32 bits (the finaliser of MurmurHash3).
 * @param {number} seed
 * @param {number} number
 * @returns {number} 0 to 2^32 - 1
 */
export function hashOf(seed, number) {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 0x7f4a7c15, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * A hash of a text (FNV-1a), for draws that hang on a URL.
 * @param {string} text
 */
export function hashOfText(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** A stream of draws that belongs to one seed and one number (mulberry32). */
export class Dice {
  /** @type {number} */
  #state;

  /**
   * @param {number} seed
   * @param {number} number
   */
  constructor(seed, number) {
    this.#state = hashOf(seed, number);
  }

  /** @returns {number} 0 <= draw < 1 */
  fraction() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /**
   * @param {number} least
   * @param {number} most inclusive
   */
  whole(least, most) {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /**
   * @template T
   * @param {readonly T[]} list not empty
   * @returns {T}
   */
  pick(list) {
    return /** @type {T} */ (list[Math.floor(this.fraction() * list.length)]);
  }
}
