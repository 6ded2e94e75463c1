/** Page numbers, one bit each up to the greatest. */
export interface PageSet {
  /** False when it was there. */
  add(page: number): boolean;
}

/** An empty one. */
export function createPageSet(): PageSet {
  let bits = new Uint8Array(1 << 16);
  return {
    add(page) {
      const at = page >>> 3;
      if (at >= bits.length) {
        const larger = new Uint8Array(Math.max(at + 1, bits.length * 2));
        larger.set(bits);
        bits = larger;
      }
      const bit = 1 << (page & 7);
      const before = bits[at] ?? 0;
      bits[at] = before | bit;
      return (before & bit) === 0;
    },
  };
}
