/**
 * How many different texts went by, in 4 KB: HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) with 4,096 registers
 * and its linear counting for small numbers; the standard error is 1.6 %.
 */
const INDEX_BITS = 12;
const REGISTERS = 1 << INDEX_BITS;
/** Formula of the paper for 128 registers and more. */
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

export interface DistinctEstimate {
  add(text: string): void;
  /** What went by at another estimate, by its `sketch`. */
  merge(sketch: string): void;
  count(): number;
  /** All that it knows, as text. */
  sketch(): string;
}

export function createDistinctEstimate(): DistinctEstimate {
  const registers = new Uint8Array(REGISTERS);
  return {
    merge(sketch) {
      for (const [at, rank] of Buffer.from(sketch, 'base64').entries())
        registers[at] = Math.max(rank, registers[at] ?? 0);
    },
    sketch: () => Buffer.from(registers).toString('base64'),
    add(text) {
      const hash = hashOf(text);
      const register = hash >>> (32 - INDEX_BITS);
      const rank = Math.clz32((hash << INDEX_BITS) | (1 << (INDEX_BITS - 1))) + 1;
      if (rank > (registers[register] ?? 0)) registers[register] = rank;
    },
    count() {
      let sum = 0;
      let empty = 0;
      for (const rank of registers) {
        sum += 2 ** -rank;
        if (rank === 0) empty += 1;
      }
      const estimate = (ALPHA * REGISTERS * REGISTERS) / sum;
      const small = estimate <= 2.5 * REGISTERS && empty > 0;
      return Math.round(small ? REGISTERS * Math.log(REGISTERS / empty) : estimate);
    },
  };
}

/** FNV-1a with the finalizer of MurmurHash3, which spreads it over all 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
