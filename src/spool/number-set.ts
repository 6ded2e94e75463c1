/** Whole numbers from 0, one bit each up to the greatest: pages, or places of rows. */
export interface NumberSet {
  /** False when it was there. */
  add(number: number): boolean;
  has(number: number): boolean;
  /** The least significant bit of a byte first; may end anywhere behind the greatest number. */
  bits(): Uint8Array<ArrayBuffer>;
}

/** An empty one. */
export function createNumberSet(): NumberSet {
  let bits = new Uint8Array(1 << 16);
  // Not by shifting: that keeps 32 bits.
  const byteOf = (number: number): number => Math.floor(number / 8);
  return {
    add(number) {
      const at = byteOf(number);
      if (at >= bits.length) {
        const larger = new Uint8Array(Math.max(at + 1, bits.length * 2));
        larger.set(bits);
        bits = larger;
      }
      const bit = 1 << (number % 8);
      const before = bits[at] ?? 0;
      bits[at] = before | bit;
      return (before & bit) === 0;
    },
    bits: () => bits,
    has: (number) => ((bits[byteOf(number)] ?? 0) & (1 << (number % 8))) !== 0,
  };
}

/** The numbers that both hold. `a`, `b`: as `bits` has them. */
export function* inBoth(a: Uint8Array, b: Uint8Array): Generator<number> {
  for (let at = 0; at < a.length && at < b.length; at += 1)
    for (let both = (a[at] ?? 0) & (b[at] ?? 0); both !== 0; both &= both - 1)
      yield at * 8 + (31 - Math.clz32(both & -both));
}
