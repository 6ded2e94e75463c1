/**
 * A large dataset is built in partitions, by the hash of a row's key: rows with one key meet in one of them, so that each
 * is deduplicated and written by itself, on any machine, in the memory that one takes.
 */
import { crc32 } from 'node:zlib';
import { type Column, columnNamed } from './column.js';
import { keyTextOf } from './dedup-by-hash.js';

const MB = 1024 * 1024;
/** A file each, open while rows are dealt; beyond it partitions grow. */
const MOST_PARTITIONS = 512;

/**
 * In how many partitions a batch's dataset is built whose segments take `bytes`; 1: in one piece. `partitionMb`: how many
 * MB of segments one takes, 0 for no partitions.
 */
export function partitionsFor(bytes: number, partitionMb: number): number {
  if (partitionMb <= 0) return 1;
  return Math.min(MOST_PARTITIONS, Math.max(1, Math.ceil(bytes / (partitionMb * MB))));
}

/**
 * Which of the partitions a row belongs to, as it is encoded. Not by the hash that the parts of one are dealt by
 * (dedup-by-hash.ts): of a partition's keys that one would leave parts empty.
 */
export function partitionBy(
  columns: readonly Column[],
  key: readonly string[],
  partitions: number,
): (row: Record<string, unknown>) => number {
  const named = key.map((name) => columnNamed(columns, name));
  return (row) => crc32(keyTextOf(named, row)) % partitions;
}
