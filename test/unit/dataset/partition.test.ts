import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { columnsOf } from '../../../src/dataset/columns.js';
import { encodeRow } from '../../../src/dataset/encode.js';
import { partitionBy, partitionsFor } from '../../../src/dataset/partition.js';

const MB = 1024 * 1024;

describe('the number of partitions', () => {
  it.each([
    { bytes: 0, mb: 1_024, partitions: 1 },
    { bytes: 1_024 * MB, mb: 1_024, partitions: 1 },
    { bytes: 1_024 * MB + 1, mb: 1_024, partitions: 2 },
    { bytes: 6_200 * MB, mb: 1_024, partitions: 7 },
    { bytes: 620_000 * MB, mb: 1_024, partitions: 512 },
    { bytes: 620_000 * MB, mb: 0, partitions: 1 },
    { bytes: MB, mb: 0.25, partitions: 4 },
  ])('of $bytes bytes, $mb MB each: $partitions', ({ bytes, mb, partitions }) => {
    expect(partitionsFor(bytes, mb)).toBe(partitions);
  });
});

describe("a row's partition", () => {
  const schema = z.object({ sku: z.string(), part: z.int(), title: z.string() });
  const { columns } = columnsOf(schema);
  const rowOf = (sku: string, part: number, title = '') => encodeRow(columns, { sku, part, title });

  it('follows from its key alone, however that is encoded', () => {
    const partitionOf = partitionBy(columns, ['sku', 'part'], 97);
    const one = partitionOf(rowOf('a', 5, 'one'));
    expect(partitionOf(rowOf('a', 5, 'another'))).toBe(one);
    expect(partitionOf({ sku: 'a', part: '5', title: '' })).toBe(one);
    const others = [rowOf('b', 5), rowOf('a', 6), rowOf('c', 5)].map(partitionOf);
    expect(others.some((other) => other !== one)).toBe(true);
  });

  it.each([2, 7, 8, 64])('is one of %i, each as likely', (partitions) => {
    const partitionOf = partitionBy(columns, ['sku'], partitions);
    const rows = new Array<number>(partitions).fill(0);
    const each = 1_000;
    for (let row = 0; row < each * partitions; row += 1) {
      const to = partitionOf(rowOf(`SKU-${String(row).padStart(8, '0')}`, 0));
      rows[to] = (rows[to] ?? 0) + 1;
    }
    expect(Math.min(...rows)).toBeGreaterThan(each * 0.8);
    expect(Math.max(...rows)).toBeLessThan(each * 1.2);
  });
});
